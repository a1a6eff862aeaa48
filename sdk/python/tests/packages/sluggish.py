"""Steps over packages from PyPI, and what a component has not."""

import datetime
import random
import sys
import time

import ftfy
from slugify import slugify
from stillroom import Row, step


@step(columns={"text": "utf8"}, outputs={"slug": "utf8"})
def slug(row: Row):
    """Make a slug of a text."""
    return {"slug": row["text"] and slugify(row["text"])}


@step(columns={"text": "utf8"}, outputs={"text": "utf8"})
def mend(row: Row):
    """Mend a text that was decoded with the wrong codec."""
    return {"text": row["text"] and ftfy.fix_text(row["text"])}


@step(columns={"text": "utf8"}, outputs={"text": "utf8"})
def late(row: Row):
    """Import what is not in the component."""
    import tarfile

    return {"text": tarfile.__name__}


@step(columns={"text": "utf8"}, outputs={"text": "utf8"})
def reads(row: Row):
    """Read a file."""
    with open(row["text"]) as file:
        return {"text": file.read()}


@step(columns={"text": "utf8"}, outputs={"first": "int64", "second": "int64", "number": "float64"})
def asks(row: Row):
    """Ask the clock and the random numbers."""
    print("printed, and not seen")
    return {"first": time.time_ns(), "second": time.time_ns(), "number": random.randrange(64) / 64}


@step(columns={"text": "utf8"}, outputs={"text": "utf8"})
def logs(row: Row):
    """Log without having asked for it."""
    from stillroom import log

    log.info("x")
    return row


def deep(depth: int) -> int:
    """Call itself for ever."""
    return deep(depth + 1)


@step(columns={"text": "utf8"}, outputs={"text": "utf8"})
def ends(row: Row):
    """Come to an end that is no exception, or none that is usual."""
    if row["text"] == "exit":
        sys.exit(3)
    if row["text"] == "deep":
        deep(0)
    if row["text"] == "memory":
        bytearray(2**31 - 100)
    return {"text": str(datetime.datetime.now())}
