"""What a step gets, and what it answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Dict, Union

from .column import Column

Row = Dict[str, Any]
"""One row: a value for each of the step's columns, `None` where it is null."""

Values = Union[Column, Sequence[Any]]
"""A column, or the values for one: a list, or an `array.array` of the declared type's numbers."""


class Batch:
    """Rows by columns. Three ways to look at it, the cheapest first.

    - `batch["text"]`: the column, with its buffers (`data`, `offsets`, `numbers`, `validity`);
    - `batch.values("text")`: a list, of `str`, `int`, …;
    - `batch.rows()`: a dict for each row.
    """

    def __init__(self, length: int, columns: Mapping[str, Column]) -> None:
        self._length = length
        self._columns = dict(columns)

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, name: str) -> Column:
        try:
            return self._columns[name]
        except KeyError:
            raise KeyError(f"the step has no column `{name}`; it takes {', '.join(self._columns) or 'none'}") from None

    def __contains__(self, name: str) -> bool:
        return name in self._columns

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def values(self, name: str) -> list[Any]:
        """The values of a column. Made once: do not change the list."""
        return self[name].values()

    def rows(self) -> list[Row]:
        """The rows."""
        if not self._columns:
            return [{} for _ in range(self._length)]
        names = list(self._columns)
        return [dict(zip(names, row)) for row in zip(*(column.values() for column in self._columns.values()))]


@dataclass
class Output:
    """What a step answers, where a dict of columns says too little."""

    columns: Mapping[str, Values] = field(default_factory=dict)
    rows: Sequence[int] | None = None
    """Steps with `rows="any"`: the input row that each output row came from (global: counted over all batches)."""
    rejected: list[tuple[int, str]] = field(default_factory=list)
    """Rows that the step will not answer for, with the reason. Where `rows` is none they keep their place in the columns."""

    def reject(self, row: int, reason: str) -> Output:
        """Rejects a row of the input."""
        self.rejected.append((row, reason))
        return self
