"""Tests of steps as plain Python: give it rows, look at what comes out.

What the step answers is checked as the host checks it, so a test also finds the offset that is off by one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Iterator, Union

from . import log
from .batch import Row
from .check import checked
from .column import Column
from .fault import PluginError
from .opened import Opened, RawArray, _flatten
from .step import definition_of
from .types import DataType, Type, parsed

Data = Union[Mapping[str, Union[Column, Sequence[Any]]], Sequence[Row], int]
"""Columns by name, or rows; of a source: how many rows are wanted."""


@dataclass
class Result:
    """What a step answered, of all batches together."""

    columns: dict[str, list[Any]]
    length: int = 0
    origins: list[int] | None = None
    """For each output row the input row that it came from; none: the same rows."""
    rejected: list[tuple[int, str]] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    """Its lines: `info: 3 rows`, `warn: row 2: no text`."""

    def __getitem__(self, name: str) -> list[Any]:
        return self.columns[name]

    def __len__(self) -> int:
        return self.length

    @property
    def rows(self) -> list[Row]:
        """The output's rows; rejected ones are not among them."""
        gone = {row for row, _ in self.rejected} if self.origins is None else set()
        return [
            {name: values[row] for name, values in self.columns.items()}
            for row in range(self.length)
            if row not in gone
        ]


def run(
    step: Callable[..., Any],
    data: Data,
    params: Mapping[str, Any] | None = None,
    *,
    types: Mapping[str, Type] | None = None,
    batch: int | None = None,
    **more: Any,
) -> Result:
    """Runs a step over rows or columns. Parameters by their names in a pipeline (`params`), or as arguments.

    `types` are those of input columns where the values do not say them; `batch` is the most rows of one batch. Raises
    `ParamsError`, `DataError` or `PluginError` where the step fails.
    """
    columns, length = _columns(data, types or {})
    runner = Runner(step, {name: column.type for name, column in columns.items()}, params, **more)
    if runner.kind == "source":
        return runner.take(length, batch)
    size = max(batch or length, 1)
    for start in range(0, max(length, 1), size):
        rows = min(size, length - start)
        part = (
            columns
            if rows == length
            else {
                name: Column.of(column.type, column.values()[start : start + rows]) for name, column in columns.items()
            }
        )
        runner.process(rows, part)
    return runner.end()


class Runner:
    """An opened step, called as the host calls it: `process` for each batch, then `end`."""

    def __init__(
        self,
        step: Callable[..., Any],
        fields: Mapping[str, Type],
        params: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> None:
        """Opens a step for columns of these types."""
        self.definition = definition_of(step)
        self.kind = self.definition.kind
        given = {**(params or {}), **{name.replace("_", "-"): value for name, value in more.items()}}
        told = {name: parsed(data_type) for name, data_type in fields.items()}
        self._lines: list[str] = []
        with self._listening():
            self._opened = Opened(self.definition, json.dumps(given), told)
        self._parts: list[tuple[dict[str, Column], int, list[int] | None]] = []
        self._rejected: list[tuple[int, str]] = []
        self._sent = 0

    @property
    def inputs(self) -> list[str]:
        """The columns that the step takes."""
        return list(self._opened.schema.inputs)

    @property
    def outputs(self) -> dict[str, DataType]:
        """The columns that it makes."""
        return dict(self._opened.schema.outputs)

    def process(self, length: int, columns: Mapping[str, Column]) -> int:
        """One batch of so many rows; how many came out."""
        arrays: list[RawArray] = []
        for name in self._opened.schema.inputs:
            _flatten(columns[name], arrays)
        with self._listening():
            raw = self._opened.process(length, arrays)
        if self.kind == "global" and (raw.length or raw.rejected):
            raise PluginError("a global step answers in `finish`")
        if self.kind == "source" and raw.length > length:
            raise PluginError("it makes more rows than were wanted")
        self._keep(raw, length, self._sent)
        self._sent += length
        return raw.length

    def take(self, wanted: int, batch: int | None = None) -> Result:
        """At most so many rows of a source."""
        made = 0
        while made < wanted:
            rows = self.process(min(wanted - made, batch or wanted), {})
            if rows == 0:
                break
            made += rows
        return self.end()

    def end(self) -> Result:
        """What comes after the last batch, and all that came before."""
        while self.kind == "global":
            with self._listening():
                raw = self._opened.finish()
            if raw is None:
                break
            self._keep(raw, self._sent, 0)
        origins = None
        if any(part[2] is not None for part in self._parts):
            origins = [row for _, _, rows in self._parts for row in rows or ()]
        columns = {
            name: [value for part, _, _ in self._parts for value in part[name].values()] for name in self.outputs
        }
        length = sum(rows for _, rows, _ in self._parts)
        return Result(columns, length, origins, self._rejected, self._lines)

    def _keep(self, raw: Any, input_rows: int, before: int) -> None:
        try:
            columns, origins = checked(raw, self.outputs, input_rows, self._opened.schema.rows, self.kind)
        except ValueError as error:
            raise PluginError(f"the output breaks the contract: {error}") from None
        self._rejected.extend((row + before, reason) for row, reason in raw.rejected)
        self._parts.append((columns, raw.length, origins and [row + before for row in origins]))

    @contextmanager
    def _listening(self) -> Iterator[None]:
        before, log.sink = log.sink, lambda level, message, row: self._lines.append(log.line(level, message, row))
        try:
            yield
        finally:
            log.sink = before


def _columns(data: Data, types: Mapping[str, Type]) -> tuple[dict[str, Column], int]:
    if isinstance(data, int):
        return {}, data
    if not isinstance(data, Mapping):
        names = dict.fromkeys(name for row in data for name in row) or dict.fromkeys(types)
        length = len(data)
        data = {name: [row.get(name) for row in data] for name in names}
    else:
        length = len(next(iter(data.values()), ()))
    columns = {
        name: values if isinstance(values, Column) else Column.of(types.get(name) or type_of(values), values)
        for name, values in data.items()
    }
    for name, column in columns.items():
        if len(column) != length:
            raise ValueError(f"column `{name}` has {len(column)} rows, another one {length}")
    return columns, length


def type_of(values: Sequence[Any]) -> DataType:
    """The type that a list of values speaks for."""
    there = [value for value in values if value is not None]
    kinds = set(map(type, there))
    for kind, word in ((bool, "bool"), (int, "int64"), (str, "utf8"), (bytes, "binary")):
        if kinds == {kind}:
            return DataType(word)
    if kinds and kinds <= {int, float}:
        return DataType("float64")
    if kinds == {list}:
        return DataType("list", (("item", type_of([item for value in there for item in value])),))
    if kinds == {dict}:
        names = dict.fromkeys(name for value in there for name in value)
        return DataType("struct", tuple((name, type_of([value.get(name) for value in there])) for name in names))
    if not kinds:
        return DataType("null")
    raise TypeError(f"values of {', '.join(sorted(kind.__name__ for kind in kinds))}: say their type with `types=`")
