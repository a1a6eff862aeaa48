"""Values to buffers, a whole column at a time."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable, Iterable
from decimal import Decimal
from itertools import accumulate, chain, repeat
from math import isinf
from operator import is_not
from typing import TYPE_CHECKING, Any

from . import bits
from .types import NUMBERS, OFFSETS, TEXTS, VIEWS, DataType

if TYPE_CHECKING:
    from .column import Column


def column(data_type: DataType, values: list[Any]) -> Column:
    """A column of values; `None` is null. `ValueError` and `TypeError` name the first row that does not fit."""
    from .column import Column

    word, length = data_type.word, len(values)
    if word == "null":
        if values.count(None) != length:
            raise TypeError(_unfit(data_type, values, lambda value: value is None))
        return Column(data_type, length, (), (), length)
    validity, nulls = _validity(values)
    try:
        buffers, children = _BUILDERS.get(word, _numbers)(data_type, values, nulls)
    except (TypeError, ValueError, OverflowError, AttributeError, struct.error) as error:
        raise ValueError(_told(data_type, values, error)) from None
    return Column(data_type, length, (validity, *buffers), children, nulls)


def width(data_type: DataType) -> int:
    """Bytes of one number."""
    return struct.calcsize("=" + NUMBERS[data_type.word])


def _validity(values: list[Any]) -> tuple[bytes, int]:
    valid = bytes(map(is_not, values, repeat(None)))
    nulls = valid.count(0)
    return (bits.pack(valid) if nulls else b""), nulls


def _told(data_type: DataType, values: list[Any], error: Exception) -> str:
    """What is wrong, with the first row that is wrong by itself."""
    build = _BUILDERS.get(data_type.word, _numbers)
    for row, value in enumerate(values):
        try:
            build(data_type, [value], int(value is None))
        except (TypeError, ValueError, OverflowError, AttributeError, struct.error) as why:
            return f"row {row}: {_shown(value)} is no {data_type} ({why})"
    return f"too much for one {data_type} column ({error})"


def _unfit(data_type: DataType, values: list[Any], fits: Callable[[Any], bool]) -> str:
    row = next(row for row, value in enumerate(values) if not fits(value))
    return f"row {row}: {_shown(values[row])} is no {data_type}"


def _shown(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "..."


def _filled(values: list[Any], nulls: int, filler: Any) -> list[Any]:
    return [filler if value is None else value for value in values] if nulls else values


Built = tuple[tuple[bytes, ...], tuple["Column", ...]]


def _numbers(data_type: DataType, values: list[Any], nulls: int) -> Built:
    code = NUMBERS[data_type.word]
    filled = _filled(values, nulls, 0)
    if code not in "efd":
        return (array(code, filled).tobytes(),), ()
    # Unlike an array, `struct` refuses what is too large, and does not make an infinity of it.
    form = f"<{len(filled)}{code}"
    data = struct.pack(form, *filled)
    if not set(map(type, filled)) <= {float}:
        for value, held in zip(filled, struct.unpack(form, data)):
            # A whole number that the type cannot hold would be rounded without a word.
            if held != value and (isinstance(value, int) or isinf(held)):
                raise ValueError(f"{value} would be rounded")
    return (data,), ()


def _bools(_: DataType, values: list[Any], nulls: int) -> Built:
    filled = _filled(values, nulls, False)
    if not set(map(type, filled)) <= {bool}:
        raise TypeError("not True or False")
    return (bits.pack(bytes(filled)),), ()


def _offsets(data_type: DataType, lengths: Iterable[int]) -> bytes:
    return array(OFFSETS[data_type.word], accumulate(lengths, initial=0)).tobytes()


def _blobs(values: list[Any]) -> list[bytes]:
    """The bytes of whatever has some: the length of an `array.array` is not that of its bytes."""
    if set(map(type, values)) <= {bytes}:
        return values
    return [bytes(memoryview(value)) for value in values]


def _bytes(data_type: DataType, values: list[Any], nulls: int) -> Built:
    if data_type.word not in TEXTS:
        blobs = _blobs(_filled(values, nulls, b""))
        return (_offsets(data_type, map(len, blobs)), b"".join(blobs)), ()
    texts = _filled(values, nulls, "")
    whole = "".join(texts)
    data = whole.encode()
    if len(data) == len(whole):
        return (_offsets(data_type, map(len, texts)), data), ()
    return (_offsets(data_type, map(len, map(str.encode, texts))), data), ()


def _fixed(data_type: DataType, values: list[Any], nulls: int) -> Built:
    blobs = _blobs(_filled(values, nulls, bytes(data_type.size)))
    if not set(map(len, blobs)) <= {data_type.size}:
        raise ValueError(f"not {data_type.size} bytes")
    return (b"".join(blobs),), ()


def _views(data_type: DataType, values: list[Any], nulls: int) -> Built:
    is_text = data_type.word in TEXTS
    views, data = [], bytearray()
    for value in _filled(values, nulls, "" if is_text else b""):
        blob = str.encode(value) if is_text else bytes(memoryview(value))
        if len(blob) <= 12:
            views.append(struct.pack("<i12s", len(blob), blob))
        else:
            views.append(struct.pack("<i4sii", len(blob), blob[:4], 0, len(data)))
            data += blob
    return (b"".join(views), bytes(data)), ()


def _decimals(data_type: DataType, values: list[Any], nulls: int) -> Built:
    scale, precision = data_type.scale, int(data_type.details[0])
    return (b"".join(_decimal(value, precision, scale) for value in _filled(values, nulls, 0)),), ()


def _decimal(value: Any, precision: int, scale: int) -> bytes:
    if not isinstance(value, (int, Decimal)):
        raise TypeError("not an int or a Decimal")
    sign, digits, exponent = Decimal(value).as_tuple()
    if not isinstance(exponent, int):
        raise ValueError("not a finite number")
    number, shift = int("".join(map(str, digits))), exponent + scale
    number, rest = (number * 10**shift, 0) if shift >= 0 else divmod(number, 10**-shift)
    if rest or number >= 10**precision:
        raise ValueError("it would be rounded, or has too many digits")
    return (-number if sign else number).to_bytes(16, "little", signed=True)


def _lists(data_type: DataType, values: list[Any], nulls: int) -> Built:
    lists = _filled(values, nulls, ())
    if not set(map(type, lists)) <= {list, tuple, array}:
        raise TypeError("not a list")
    items = column(data_type.inner, list(chain.from_iterable(lists)))
    return (_offsets(data_type, map(len, lists)),), (items,)


def _fixed_lists(data_type: DataType, values: list[Any], nulls: int) -> Built:
    lists = _filled(values, nulls, [None] * data_type.size)
    if not set(map(len, lists)) <= {data_type.size}:
        raise ValueError(f"not {data_type.size} items")
    return (), (column(data_type.inner, list(chain.from_iterable(lists))),)


def _structs(data_type: DataType, values: list[Any], nulls: int) -> Built:
    names = {name for name, _ in data_type.children}
    rows = _filled(values, nulls, {})
    for row in rows:
        if not row.keys() <= names:
            raise ValueError(f"it has no member {', '.join(sorted(row.keys() - names))}")
    return (), tuple(column(child, [row.get(name) for row in rows]) for name, child in data_type.children)


def _dictionaries(data_type: DataType, values: list[Any], nulls: int) -> Built:
    keys = {value: key for key, value in enumerate(dict.fromkeys(value for value in values if value is not None))}
    code = NUMBERS[data_type.children[0][1].word]
    numbers = array(code, [keys.get(value, 0) for value in values])
    return (numbers.tobytes(),), (column(data_type.inner, list(keys)),)


_BUILDERS: dict[str, Callable[[DataType, list[Any], int], Built]] = {
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
