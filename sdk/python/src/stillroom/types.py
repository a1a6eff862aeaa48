"""The Arrow types, in the contract's words."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Union

NUMBERS = {
    "int8": "b",
    "int16": "h",
    "int32": "i",
    "int64": "q",
    "uint8": "B",
    "uint16": "H",
    "uint32": "I",
    "uint64": "Q",
    "float16": "e",
    "float32": "f",
    "float64": "d",
    "date32": "i",
    "date64": "q",
    "time32": "i",
    "time64": "q",
    "timestamp": "q",
    "duration": "q",
}
"""Types whose values are numbers of a fixed size, with their `struct` format."""

OFFSETS = {"utf8": "i", "binary": "i", "list": "i", "large-utf8": "q", "large-binary": "q", "large-list": "q"}
"""Types with offsets, with the format of one."""

WORDS = {"null", "bool", "utf8-view", "binary-view", *NUMBERS, *OFFSETS}
TAKES_NONE = WORDS - {"list", "large-list", "time32", "time64", "timestamp", "duration"}
TEXTS = {"utf8", "large-utf8", "utf8-view"}
VIEWS = {"utf8-view", "binary-view"}


@dataclass(frozen=True)
class DataType:
    """An Arrow type. `str()` gives the contract's words, `DataType.parse` reads them: `list<struct<role: utf8>>`."""

    word: str
    """The first word: `list`, `timestamp`, `utf8`."""
    children: tuple[tuple[str, DataType], ...] = ()
    """The types inside, each with a name: a struct's members, a list's `item`, a dictionary's `key` and `value`."""
    details: tuple[str, ...] = ()
    """What else stands between `<` and `>`: a size, a unit, a time zone, precision and scale."""

    @staticmethod
    def parse(text: str) -> DataType:
        """Reads a type; `ValueError` says what is wrong with it."""
        parser = _Parser(text)
        data_type = parser.data_type()
        if parser.rest:
            raise ValueError(f"`{text}` is no type: `{parser.rest}` is too much")
        return data_type

    @property
    def size(self) -> int:
        """The size of a `fixed-size-binary` in bytes, or of a `fixed-size-list` in items."""
        return int(self.details[0])

    @property
    def scale(self) -> int:
        """Digits behind the point of a `decimal128`."""
        return int(self.details[1])

    @property
    def inner(self) -> DataType:
        """The type of a list's items, or of a dictionary's values."""
        return self.children[-1][1]

    @property
    def arrays(self) -> tuple[DataType, ...]:
        """The types of the arrays that follow this one's own (a dictionary's keys are its own)."""
        if self.word == "dictionary":
            return (self.inner,)
        return tuple(child for _, child in self.children)

    def __str__(self) -> str:
        if self.word == "struct":
            members = (f"{_name(name)}: {child}" for name, child in self.children)
            return f"struct<{', '.join(members)}>"
        inside = [*(str(child) for _, child in self.children), *self.details]
        return f"{self.word}<{', '.join(inside)}>" if inside else self.word


Type = Union[str, DataType]
"""A type, or the words for it."""


def parsed(data_type: Type) -> DataType:
    """A type of its words."""
    return DataType.parse(data_type) if isinstance(data_type, str) else data_type


def _name(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.rest = text.strip()

    def take(self, pattern: str) -> str | None:
        found = re.match(pattern, self.rest)
        if found is None:
            return None
        self.rest = self.rest[found.end() :].lstrip()
        return found[0].strip()

    def need(self, pattern: str, what: str) -> str:
        found = self.take(pattern)
        if found is None:
            raise ValueError(f"`{self.text}` is no type: {what} is missing before `{self.rest}`")
        return found

    def data_type(self) -> DataType:
        word = self.need(r"[a-z0-9-]+", "a type")
        if word in TAKES_NONE:
            return DataType(word)
        self.need("<", "`<`")
        data_type = self.inside(word)
        self.need(">", "`>`")
        return data_type

    def inside(self, word: str) -> DataType:
        if word in ("list", "large-list"):
            return DataType(word, (("item", self.data_type()),))
        if word == "fixed-size-list":
            item = self.data_type()
            self.need(",", "`,`")
            return DataType(word, (("item", item),), (self.need(r"\d+", "a size"),))
        if word == "dictionary":
            key = self.data_type()
            self.need(",", "`,`")
            return DataType(word, (("key", key), ("value", self.data_type())))
        if word == "struct":
            return DataType(word, tuple(self.members()))
        if word in ("fixed-size-binary", "decimal128", "time32", "time64", "timestamp", "duration"):
            return DataType(
                word, (), tuple(detail.strip() for detail in self.need(r"[^<>]+", "a unit or size").split(","))
            )
        raise ValueError(f"there is no type `{word}`")

    def members(self):
        while not self.rest.startswith(">"):
            quoted = self.take(r'"(?:[^"\\]|\\.)*"')
            name = json.loads(quoted) if quoted else self.need(r"[^\s:,<>\"]+", "a name")
            self.need(":", "`:`")
            yield name, self.data_type()
            if self.take(",") is None:
                return
