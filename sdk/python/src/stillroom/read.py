"""Buffers to values, a whole column at a time."""

from __future__ import annotations

import struct
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from . import bits
from .types import NUMBERS, TEXTS, VIEWS

if TYPE_CHECKING:
    from .column import Column


def values(column: Column) -> list[Any]:
    """All values; `None` is null."""
    word = column.type.word
    if word == "null":
        return [None] * column.length
    made = _READERS.get(word, _numbers)(column)
    valid = column.valid
    return made if valid is None else [value if is_valid else None for value, is_valid in zip(made, valid)]


def _numbers(column: Column) -> list[Any]:
    code = NUMBERS[column.type.word]
    if code == "e":
        return list(struct.unpack(f"<{column.length}e", column.buffers[1]))
    return memoryview(column.buffers[1]).cast(code).tolist()  # type: ignore[call-overload]


def _bools(column: Column) -> list[Any]:
    return list(map(bool, bits.unpack(column.buffers[1], column.length)))


def _bytes(column: Column) -> list[Any]:
    data, ends = column.buffers[2], column.offsets.tolist()
    text: Any = data
    if column.type.word in TEXTS:
        if not data.isascii():
            return [data[start:end].decode() for start, end in zip(ends, ends[1:])]
        text = data.decode("ascii")
    return list(map(text.__getitem__, map(slice, ends, ends[1:])))


def _fixed(column: Column) -> list[Any]:
    data, size = column.buffers[1], column.type.size
    return [data[at * size : (at + 1) * size] for at in range(column.length)]


def _views(column: Column) -> list[Any]:
    views, buffers, is_text = column.buffers[1], column.buffers[2:], column.type.word in TEXTS
    valid = column.valid
    made: list[Any] = []
    for row, (length, buffer, start) in enumerate(struct.iter_unpack("<i4xii", views[: 16 * column.length])):
        if valid is not None and not valid[row]:
            made.append(None)
            continue
        at = row * 16 + 4
        value = views[at : at + length] if length <= 12 else buffers[buffer][start : start + length]
        made.append(value.decode() if is_text else value)
    return made


def _decimals(column: Column) -> list[Any]:
    data, scale = column.buffers[1], column.type.scale
    return [
        unscaled(int.from_bytes(data[at : at + 16], "little", signed=True), scale) for at in range(0, len(data), 16)
    ]


def unscaled(number: int, scale: int) -> Decimal:
    """A decimal of its digits, exactly, whatever the context's precision."""
    return Decimal((number < 0, tuple(map(int, str(abs(number)))), -scale))


def _lists(column: Column) -> list[Any]:
    items, ends = column.children[0].values(), column.offsets.tolist()
    return list(map(items.__getitem__, map(slice, ends, ends[1:])))


def _fixed_lists(column: Column) -> list[Any]:
    items, size = column.children[0].values(), column.type.size
    return [items[at * size : (at + 1) * size] for at in range(column.length)]


def _structs(column: Column) -> list[Any]:
    names = [name for name, _ in column.type.children]
    if not names:
        return [{} for _ in range(column.length)]
    return [dict(zip(names, row)) for row in zip(*(child.values() for child in column.children))]


def _dictionaries(column: Column) -> list[Any]:
    code = NUMBERS[column.type.children[0][1].word]
    keys = memoryview(column.buffers[1]).cast(code).tolist()  # type: ignore[call-overload]
    meanings = column.children[0].values()
    valid = column.valid
    if valid is None:
        return list(map(meanings.__getitem__, keys))
    return [meanings[key] if is_valid else None for key, is_valid in zip(keys, valid)]


_READERS = {
    "bool": _bools,
    "utf8": _bytes,
    "large-utf8": _bytes,
    "binary": _bytes,
    "large-binary": _bytes,
    **dict.fromkeys(VIEWS, _views),
    "fixed-size-binary": _fixed,
    "decimal128": _decimals,
    "list": _lists,
    "large-list": _lists,
    "fixed-size-list": _fixed_lists,
    "struct": _structs,
    "dictionary": _dictionaries,
}
