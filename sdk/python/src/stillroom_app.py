"""What componentize-py makes a component of: the author's module, imported now, at build time.

All that is imported here lies in the component's memory when it starts. What is not cannot be imported later: there are no
files then.
"""

import builtins
import importlib
import io
import os
import posix
import random
import re
import sys
import time
import traceback
import zlib

import tomllib
from stillroom import component, fault, log
from wit_world.imports import diagnostics

ENCODINGS = [
    "ascii",
    "latin_1",
    "cp1252",
    "utf_8_sig",
    "utf_16",
    "utf_16_le",
    "utf_16_be",
    "utf_32",
    "idna",
    "punycode",
]
"""Codecs that Python imports when they are first asked for."""

PROJECT = next((path for path in sys.path if os.path.exists(f"{path}/pyproject.toml")), "/0")


def load() -> None:
    """Imports the author's module."""
    with open(f"{PROJECT}/pyproject.toml", "rb") as file:
        project = tomllib.load(file)
    settings = project.get("tool", {}).get("stillroom", {})
    name = project.get("project", {}).get("name", "")
    fault.AUTHORS = PROJECT + "/"
    quieten()
    component.connect()
    importlib.import_module(settings.get("module") or re.sub(r"\W", "_", name).lower())
    for module in [*settings.get("preload", []), *(f"encodings.{encoding}" for encoding in ENCODINGS)]:
        importlib.import_module(module)
    component.MANIFESTS[:] = component.manifests()


def quieten() -> None:
    """There is no WASI, and a question to the clock or to the random numbers would end the instance. They are answered here.

    As the host answers a plugin that is not granted them: the clock begins at 2000-01-01 in each call and counts questions,
    random numbers hang on the batch.
    """
    time.time_ns = clock.nanoseconds
    time.time = clock.seconds
    time.monotonic_ns = time.perf_counter_ns = time.process_time_ns = clock.nanoseconds
    time.monotonic = time.perf_counter = time.process_time = clock.seconds
    time.sleep = lambda seconds: None
    os.urandom = random._urandom = random.randbytes
    sys.stdout, sys.stderr = Lines("info"), Lines("warn")
    component.before_call = before_call


class Clock:
    """A clock that counts how often it was asked."""

    START = 946_684_800_000_000_000

    def __init__(self) -> None:
        self.now = self.START

    def nanoseconds(self) -> int:
        """Since 1970, a microsecond later at each question."""
        self.now += 1000
        return self.now

    def seconds(self) -> float:
        """The same in seconds."""
        return self.nanoseconds() / 1e9


clock = Clock()


class Lines(io.TextIOBase):
    """What is printed: lines of the log, where the component imports it, and nothing elsewhere."""

    def __init__(self, level: str) -> None:
        self.level = level
        self.rest = ""

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, text: str) -> int:
        """A line is said when it is complete."""
        *lines, self.rest = (self.rest + text).split("\n")
        if log.sink is not component._no_log:
            for line in lines:
                log.sink(self.level, line, None)
        return len(text)


LAST_WORDS = (
    "the Python interpreter came to its end: there was no memory left, functions called one another too deep, "
    "or the step asked for what is not in a component (`datetime.now()`, a thread, a process; `time.time()` is there)"
)
"""What the host shows where a call ends in a trap, which no `except` sees."""


def before_call(batch) -> None:
    """The same batch meets the same clock and the same random numbers, whatever came before it."""
    clock.now = Clock.START
    diagnostics.panicked(LAST_WORDS)
    digest = 0
    for array in batch.arrays if batch else ():
        for buffer in array.buffers:
            digest = zlib.crc32(buffer[:256], zlib.crc32(b"%d" % len(buffer), digest))
    random.seed(digest)


class Late:
    """Says what is wrong where a module is imported that is not in the component."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        """It is not there."""
        raise ModuleNotFoundError(
            f"`{name}` is not in the component: import it at the top of your module, "
            "or name it in `preload` under [tool.stillroom]",
            name=name,
        )


FILES = [
    "access",
    "chdir",
    "listdir",
    "lstat",
    "mkdir",
    "open",
    "readlink",
    "remove",
    "rename",
    "scandir",
    "stat",
    "unlink",
]


def no_files(*args, **kwargs):
    """Stands for all that would ask WASI for a file, which would end the instance."""
    raise PermissionError("a step has no files: read them where your module is imported, at build time")


class Step(component.Step):
    """The component's export; its first call closes the door behind the imports."""

    def open(self, step, params, input):
        """Opens one step."""
        close()
        return super().open(step, params, input)


def close() -> None:
    """From here on nothing is imported or read."""
    sys.meta_path[2:] = [Late]
    builtins.open = io.open = no_files
    for name in FILES:
        for module in (os, posix):
            if hasattr(module, name):
                setattr(module, name, no_files)


def told(error: BaseException) -> str:
    """The author's part of a traceback."""
    whole = traceback.TracebackException.from_exception(error)
    whole.stack[:] = [frame for frame in whole.stack if frame.filename.startswith(PROJECT + "/")]
    whole.__cause__ = whole.__context__ = None
    return "".join(whole.format()).replace(PROJECT + "/", "")


stdout = sys.stdout
try:
    load()
except BaseException as error:
    print(f"-- stillroom --\n{told(error)}-- end --", file=stdout, flush=True)
    raise SystemExit("the module could not be imported") from None
