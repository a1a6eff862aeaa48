"""A column: its buffers, and its values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from . import bits, build, read
from .types import NUMBERS, OFFSETS, TEXTS, VIEWS, Type, parsed


class Column:
    """An Arrow array. It cannot be changed; buffers of one column may be handed on in another without a copy."""

    __slots__ = ("type", "length", "null_count", "buffers", "children", "_values")

    def __init__(
        self,
        data_type: Type,
        length: int,
        buffers: Sequence[bytes],
        children: Sequence[Column] = (),
        null_count: int | None = None,
    ) -> None:
        """Of its buffers, as the Arrow columnar format has them for the type: validity first, empty where nothing is null.

        `null_count` is counted where it is not given.
        """
        self.type = parsed(data_type)
        self.length = length
        self.buffers = tuple(buffers)
        self.children = tuple(children)
        self._values: list[Any] | None = None
        if null_count is None:
            null_count = self._count_nulls()
        self.null_count = null_count

    @staticmethod
    def of(data_type: Type, values: Iterable[Any]) -> Column:
        """Of values; `None` is null. `ValueError` or `TypeError` name the first row whose value does not fit."""
        return build.column(parsed(data_type), values if isinstance(values, list) else list(values))

    @staticmethod
    def text(data: bytes, offsets: bytes | memoryview, like: Column | None = None) -> Column:
        """A `utf8` column of its bytes and the 32-bit offsets of its rows; with the nulls of another one, if given."""
        length = len(memoryview(offsets).cast("B")) // 4 - 1
        validity, nulls = (like.buffers[0], like.null_count) if like else (b"", 0)
        return Column("utf8", length, (validity, bytes(offsets), data), (), nulls)

    @staticmethod
    def numbers_of(data_type: Type, numbers: Any, like: Column | None = None) -> Column:
        """Of an `array.array`, or whatever has its numbers as bytes; with the nulls of another column, if given."""
        data_type = parsed(data_type)
        data = bytes(numbers) if isinstance(numbers, (bytes, memoryview)) else numbers.tobytes()
        length = len(data) // build.width(data_type)
        validity, nulls = (like.buffers[0], like.null_count) if like else (b"", 0)
        return Column(data_type, length, (validity, data), (), nulls)

    def __len__(self) -> int:
        return self.length

    def __repr__(self) -> str:
        return f"<Column {self.type}, {self.length} rows, {self.null_count} null>"

    @property
    def validity(self) -> memoryview | None:
        """A bit for each row: whether it has a value; `None` where every row has."""
        return memoryview(self.buffers[0]) if self.null_count and self.type.word != "null" else None

    @property
    def valid(self) -> bytes | None:
        """The same with a byte for each row, 1 or 0."""
        return bits.unpack(self.buffers[0], self.length) if self.null_count and self.type.word != "null" else None

    @property
    def offsets(self) -> memoryview:
        """Where each row begins in `data` (a list's: in its items), and at the end where the last one ends."""
        if self.type.word not in OFFSETS:
            raise TypeError(f"a {self.type} has no offsets")
        return memoryview(self.buffers[1]).cast(OFFSETS[self.type.word])  # type: ignore[call-overload]

    @property
    def data(self) -> bytes:
        """All texts, or all binary values, one behind the other; of other types the buffer of the values."""
        if self.type.word in VIEWS or len(self.buffers) < 2:
            raise TypeError(f"a {self.type} has no one buffer of values")
        return self.buffers[-1]

    @property
    def numbers(self) -> memoryview:
        """The numbers, nulls' places included (what stands there means nothing)."""
        if self.type.word not in NUMBERS:
            raise TypeError(f"a {self.type} has no numbers")
        return memoryview(self.buffers[1]).cast(NUMBERS[self.type.word])  # type: ignore[call-overload]

    def values(self) -> list[Any]:
        """All values; `None` is null. Made once, so do not change the list.

        Text is `str`, binary `bytes`, a list `list`, a struct `dict`, `decimal128` `Decimal`. Dates, times and durations are
        whole numbers in their unit since 1970-01-01 or midnight: nothing is rounded.
        """
        if self._values is None:
            self._values = read.values(self)
        return self._values

    def map(self, function: Callable[[Any], Any], data_type: Type | None = None) -> Column:
        """A column of what the function makes of each value that is not null. Its type is this one's if none is given."""
        made = [None if value is None else function(value) for value in self.values()]
        return Column.of(data_type or self.type, made)

    def lower(self) -> Column:
        """Texts in lower case. As one if all of them are ASCII: 200 times as fast as one by one."""
        return self._cased(bytes.lower, str.lower)

    def upper(self) -> Column:
        """Texts in upper case. As one if all of them are ASCII."""
        return self._cased(bytes.upper, str.upper)

    def _cased(self, ascii: Callable[[bytes], bytes], text: Callable[[str], str]) -> Column:
        if self.type.word not in TEXTS:
            raise TypeError(f"a {self.type} is no text")
        if self.type.word in OFFSETS and self.data.isascii():
            return Column(self.type, self.length, (*self.buffers[:2], ascii(self.data)), (), self.null_count)
        return self.map(text)

    def _count_nulls(self) -> int:
        if self.type.word == "null":
            return self.length
        validity = self.buffers[0]
        return self.length - sum(bits.unpack(validity, self.length)) if len(validity) else 0
