"""The conformance plugin: the same steps in every language."""

from array import array
from itertools import repeat
from operator import add
from typing import Annotated, Literal

from stillroom import Batch, Column, DataError, Minimum, ParamsError, PluginError, Reject, Row, Schema, log, step

READABLE = {
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32", "float64",
    "utf8", "large-utf8", "utf8-view", "binary", "large-binary", "binary-view", "fixed-size-binary", "decimal128",
    "date32", "date64", "time32", "time64", "timestamp", "duration", "null", "list", "large-list", "fixed-size-list",
    "struct", "dictionary",
}  # fmt: skip

BREAKS = bytes(byte in b" \t\n\r\v\f" for byte in range(256))
"""1 for white space, 0 for all else."""


@step
class Echo:
    """Hand a column on without looking at it.

    Args:
        column: The column.
    """

    def __init__(self, column: str = "value"):
        self.column = column

    def open(self, schema: Schema):
        schema.output(self.column, schema.input(self.column))

    def process(self, batch: Batch):
        return {self.column: batch[self.column]}


@step
class Rebuild:
    """Read every value of a column, and build the column anew.

    Args:
        column: The column.
    """

    def __init__(self, column: str = "value"):
        self.column = column

    def open(self, schema: Schema):
        data_type = schema.input(self.column)
        if data_type.word not in READABLE:
            raise ParamsError(f"column `{self.column}` is {data_type}, which this SDK cannot read")
        schema.output(self.column, data_type)

    def process(self, batch: Batch):
        return {self.column: batch.values(self.column)}


@step(columns={"text": "utf8"}, outputs={"text": "utf8", "words": "int64"})
def words(batch: Batch):
    """Lower-case a text, and count its words."""
    text = batch["text"]
    breaks = text.data.translate(BREAKS)
    starts = text.offsets.tolist()
    ends = starts[1:]
    # A word begins after white space, or with the row.
    inside = map(breaks.count, repeat(b"\1\0"), starts, ends)
    first = map(breaks.startswith, repeat(b"\0"), starts, ends)
    counts = array("q", map(add, inside, first))
    return {"text": text.lower(), "words": Column.numbers_of("int64", counts, like=text)}


@step(name="repeat", columns={"n": "int64"}, outputs={"copy": "int64"}, rows="any")
def repeat_rows(row: Row):
    """Every row `n` times."""
    return [{"copy": copy} for copy in range(row["n"] or 0)]


@step(columns={"n": "int64"}, outputs={"n": "int64"})
def reject_odd(row: Row):
    """Reject odd numbers."""
    if row["n"] is not None and row["n"] % 2:
        raise Reject(f"{row['n']} is odd")
    return row


@step(columns={"text": "utf8"}, outputs={"text": "utf8"})
def fail(row: Row, how: Literal["data", "plugin", "exception"] = "exception"):
    """Fail on the text `boom`.

    Args:
        how: The failure.
    """
    if row["text"] == "boom":
        if how == "data":
            raise DataError("bad row: boom")
        if how == "plugin":
            raise PluginError("broken: boom")
        raise RuntimeError("exploded: boom")
    return row


@step(kind="global", columns={"n": "int64"}, outputs={"total": "int64", "rows": "int64"})
class Total:
    """Add numbers up."""

    def __init__(self):
        self.total = self.rows = 0

    def process(self, batch: Batch):
        numbers = batch["n"]
        self.total += sum(number for number in numbers.values() if number is not None)
        self.rows += len(batch)
        if not -(2**63) <= self.total < 2**63:
            raise DataError("the total is beyond 64 bits")

    def finish(self):
        # A row of the answer comes from a row of the input; where there was none, there is no answer.
        if self.rows:
            yield {"total": self.total, "rows": self.rows}


@step(kind="ordered", columns={"n": "int64"}, outputs={"sum": "int64"})
class Running:
    """The sum of a number and of all before it."""

    def __init__(self):
        self.sum = 0

    def row(self, row: Row):
        self.sum += row["n"] or 0
        if not -(2**63) <= self.sum < 2**63:
            raise DataError("the sum is beyond 64 bits")
        return {"sum": self.sum}


@step(kind="source", outputs={"n": "int64"})
def numbers(count: int = 5):
    """Count from 0.

    Args:
        count: How many rows.
    """
    for n in range(count):
        yield {"n": n}


@step(columns={"text": "utf8"}, outputs={"settings": "utf8"})
def settings(
    batch: Batch,
    name: str,
    count: Annotated[int, Minimum(0)] = 3,
    ratio: float = 0.5,
    flag: bool = False,
    mode: Literal["fast", "careful"] = "fast",
    tags: list[str] = [],
):
    """Say what the parameters are.

    Args:
        name: Required.
        count: At least 0.
        ratio: A number.
        flag: True or false.
        mode: A choice.
        tags: A list.
    """
    said = f"{name} {count} {ratio} {str(flag).lower()} {mode} {','.join(tags)}"
    return {"settings": [said] * len(batch)}


@step(columns={"text": "utf8"}, outputs={"text": "utf8"})
def shout(batch: Batch):
    """Say what is there, and what is not."""
    text = batch["text"]
    log.info(f"{len(batch)} rows")
    for row, is_valid in enumerate(text.valid or ()):
        if not is_valid:
            log.warn("row has no text", row=row)
    return {"text": text}
