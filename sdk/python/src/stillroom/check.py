"""What the host checks of an output before it believes it, so that tests catch the same lies."""

from __future__ import annotations

from array import array
from collections.abc import Mapping

from . import bits
from .build import width
from .column import Column
from .opened import RawOutput, lift
from .types import NUMBERS, OFFSETS, TEXTS, DataType


def checked(
    raw: RawOutput, outputs: Mapping[str, DataType], input_rows: int, rows: str, kind: str
) -> tuple[dict[str, Column], list[int] | None]:
    """The columns and origins of an output; `ValueError` says what is not as the contract wants it."""
    origins = None if raw.rows is None else array("I", raw.rows).tolist()
    _check_rows(raw, origins, input_rows, rows, kind)
    batch = lift(raw.length, raw.arrays, outputs)
    columns = {name: batch[name] for name in outputs}
    for name, column in columns.items():
        try:
            _check(column)
        except ValueError as error:
            raise ValueError(f"column `{name}`: {error}") from None
        if column.length != raw.length:
            raise ValueError(f"column `{name}` has {column.length} rows of {raw.length}")
    return columns, origins


def _check_rows(raw: RawOutput, origins: list[int] | None, input_rows: int, rows: str, kind: str) -> None:
    rejected = [row for row, _ in raw.rejected]
    if len(set(rejected)) != len(rejected):
        raise ValueError("it rejects a row twice")
    if any(not 0 <= row < input_rows for row in rejected):
        raise ValueError("it rejects a row that is not there")
    if kind == "source":
        return
    if origins is None:
        if raw.length != input_rows:
            raise ValueError(f"{raw.length} rows out for {input_rows} rows in, without saying which")
        return
    if rows == "same":
        raise ValueError('it says where its rows come from, and has not declared `rows="any"`')
    if len(origins) != raw.length:
        raise ValueError("it does not say of each row where it comes from")
    if any(row >= input_rows for row in origins):
        raise ValueError(f"a row comes from where no row is ({input_rows} rows in)")
    both = set(origins) & set(rejected)
    if both:
        raise ValueError(f"it both answers for and rejects row {min(both)}")


def _check(column: Column) -> None:
    data_type, length = column.type, column.length
    word = data_type.word
    if word == "null":
        return
    if column.buffers[0] and length - sum(bits.unpack(column.buffers[0], length)) != column.null_count:
        raise ValueError("it has another number of nulls than it says")
    if not column.buffers[0] and column.null_count:
        raise ValueError("it has nulls, and no validity")
    if word in OFFSETS:
        _check_offsets(column)
    elif word in NUMBERS and len(column.data) < length * width(data_type):
        raise ValueError("its buffer is too short")
    for child in column.children:
        _check(child)


def _check_offsets(column: Column) -> None:
    ends = column.offsets.tolist()
    if len(ends) != column.length + 1 or ends[0] != 0 or ends != sorted(ends):
        raise ValueError("its offsets do not begin at 0 and grow, one more than there are rows")
    there = column.children[0].length if column.children else len(column.data)
    if ends[-1] > there:
        raise ValueError("its offsets go beyond its values")
    if column.type.word in TEXTS:
        column.data[: ends[-1]].decode()
        if any(column.data[end] & 0xC0 == 0x80 for end in ends if end < len(column.data)):
            raise ValueError("an offset parts a character")
