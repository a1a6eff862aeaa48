"""A step between `open` and its end, called as the host calls it: the same in a component and in a test."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, Optional

from .batch import Batch, Output, Row
from .column import Column
from .fault import Fault, ParamsError, PluginError, Reject, clean, explain
from .step import Definition, Schema
from .types import DataType

ANSWER_ROWS = 8192
"""Rows that are gathered for one answer of `finish`."""


@dataclass
class RawArray:
    """One Arrow array without its children, as it crosses."""

    length: int
    null_count: int
    buffers: list[bytes]


@dataclass
class RawOutput:
    """An output as it crosses."""

    length: int
    arrays: list[RawArray]
    rows: Optional[bytes]
    rejected: list[tuple[int, str]]


class Opened:
    """A step with its parameters and columns."""

    def __init__(self, definition: Definition, params: str, fields: Mapping[str, DataType]) -> None:
        """Opens it. `ParamsError` says what is wrong with the parameters or the columns' types."""
        self.definition = definition
        self.schema = Schema(fields, "any" if definition.kind in ("global", "source") else definition.rows)
        arguments = definition.params.read(params)
        with told(ParamsError):
            self._open(arguments)
        self._answers: Iterator[Output] | None = None
        self._consumed = 0
        self._rejected: list[tuple[int, str]] = []

    def _open(self, arguments: dict[str, Any]) -> None:
        definition, schema = self.definition, self.schema
        for name, column in definition.columns.items():
            if column.required or name in schema.fields:
                schema.input(name, *column.types)
        schema.outputs.update(definition.outputs)
        schema.key(*definition.key)
        target = definition.target
        self._row: Any = None
        self._process: Any = None
        self._finish: Any = None
        if definition.is_class:
            state = target(**arguments)
            if hasattr(state, "open"):
                state.open(schema)
            self._row = getattr(state, "row", None)
            self._process = getattr(state, "process", None)
            self._finish = getattr(state, "finish", None)
            return
        if definition.kind == "source":
            rows = target(**arguments)
            self._process = lambda wanted: self._of_rows(list(islice(rows, wanted)))
        elif definition.by_rows:
            self._row = (lambda row: target(row, **arguments)) if arguments else target
        else:
            self._process = lambda batch: target(batch, **arguments)

    def process(self, length: int, arrays: Sequence[RawArray]) -> RawOutput:
        """One batch. Raises a `Fault`, and nothing else."""
        with told(PluginError):
            if self.definition.kind == "source":
                output = self._output(self._process(length))
                output.rows = None
                return self._lower(output, length)
            batch = lift(length, arrays, self.schema.inputs)
            output = self._by_rows(batch) if self.definition.by_rows else self._output(self._process(batch))
            return self._lower(output, length)

    def finish(self) -> RawOutput | None:
        """The next part of what comes after the last batch; none where there is no more. Raises a `Fault`, and nothing else."""
        if self._finish is None:
            return None
        with told(PluginError):
            if self._answers is None:
                self._answers = self._finished(self._finish())
            output = next(self._answers, None)
            if self._rejected:
                output = output or Output()
                output.rejected, self._rejected = [*self._rejected, *output.rejected], []
            return None if output is None else self._lower(output, 0)

    def _by_rows(self, batch: Batch) -> Output:
        """Calls a row function with each row."""
        if self.definition.kind == "global":
            return self._consume(batch)
        call, any_rows = self._row, self.schema.rows == "any"
        made: list[Row | None] = []
        origins: list[int] | None = [] if any_rows else None
        rejected: list[tuple[int, str]] = []
        for number, row in enumerate(batch.rows()):
            try:
                answer = call(row)
                if any_rows and not (answer is None or isinstance(answer, (dict, list))):
                    # A generator runs now, so that what it raises is of this row.
                    answer = list(answer)
            except Reject as reason:
                rejected.append((number, str(reason) or "rejected"))
                if not any_rows:
                    made.append(None)
                continue
            except Fault:
                raise
            except (Exception, SystemExit) as error:
                raise PluginError(f"row {number}: {explain(error)}") from error
            if origins is None:
                if not isinstance(answer, dict):
                    raise PluginError(f"row {number}: {_not_a_row(answer)}")
                made.append(answer)
                continue
            answers = () if answer is None else (answer,) if isinstance(answer, dict) else answer
            made.extend(answers)
            origins.extend([number] * (len(made) - len(origins)))
        output = self._of_rows(made, self.schema.inputs.keys(), origins)
        output.rejected = rejected
        return output

    def _consume(self, batch: Batch) -> Output:
        """Gives a global step each row. It answers in the end, and so do the rows that it rejects."""
        for number, row in enumerate(batch.rows()):
            try:
                self._row(row)
            except Reject as reason:
                self._rejected.append((self._consumed + number, str(reason) or "rejected"))
            except Fault:
                raise
            except (Exception, SystemExit) as error:
                raise PluginError(f"row {number}: {explain(error)}") from error
        self._consumed += len(batch)
        return Output()

    def _of_rows(
        self, rows: Sequence[Row | None], also: Set[str] = frozenset(), origins: list[int] | None = None
    ) -> Output:
        """Columns of rows; `None` keeps a rejected row's place. `also`: what a row may have beside the outputs."""
        outputs = self.schema.outputs
        for number, row in enumerate(rows):
            if row is not None and not (type(row) is dict and len(row) == len(outputs)):
                self._check_row(number, row, also)
        try:
            return Output({name: [None if row is None else row[name] for row in rows] for name in outputs}, origins)
        except KeyError:
            for number, row in enumerate(rows):
                self._check_row(number, row, also)
            raise

    def _check_row(self, number: int, row: Any, also: Set[str]) -> None:
        """Whether a row has all outputs, and nothing that is neither an output nor an input."""
        outputs = self.schema.outputs
        allowed = also | outputs.keys()
        if row is not None and not (isinstance(row, dict) and outputs.keys() <= row.keys() <= allowed):
            raise PluginError(f"answer {number}: {self._wrong(row, allowed)}")

    def _wrong(self, row: Any, allowed: Set[str]) -> str:
        if not isinstance(row, dict):
            return _not_a_row(row)
        missing = [f"`{name}`" for name in self.schema.outputs if name not in row]
        if missing:
            return f"it has no {', '.join(missing)}, which the step says it makes"
        unknown = ", ".join(f"`{name}`" for name in row if name not in allowed)
        return f"it has {unknown}, which the step does not say it makes"

    def _finished(self, answer: Any) -> Iterator[Output]:
        """Answers of what `finish` gave: none, a row, or any number of rows (alone or with their origin) and outputs."""
        if answer is None:
            return
        items = (answer,) if isinstance(answer, (dict, Output)) else answer
        rows: list[Row] = []
        origins: list[int] = []
        for item in items:
            if isinstance(item, Output):
                if rows:
                    yield self._of_rows(rows, origins=origins)
                    rows, origins = [], []
                yield item
                continue
            origin, row = item if isinstance(item, tuple) else (0, item)
            rows.append(row)
            origins.append(origin)
            if len(rows) == ANSWER_ROWS:
                yield self._of_rows(rows, origins=origins)
                rows, origins = [], []
        if rows:
            yield self._of_rows(rows, origins=origins)

    def _output(self, answer: Any) -> Output:
        if isinstance(answer, Output):
            return answer
        if answer is None and (self.schema.rows == "any" or not self.schema.outputs):
            return Output()
        if not isinstance(answer, Mapping):
            raise PluginError(
                f"`process` answers a {type(answer).__name__}; it must be a dict of columns or an `Output`"
            )
        return Output(answer)

    def _lower(self, output: Output, batch: int) -> RawOutput:
        """An output as it crosses."""
        made, signed = dict(output.columns), self.schema.outputs
        origins = output.rows
        if not made and not origins:
            # Nothing said is nothing made.
            if self.schema.rows == "any":
                made, origins = {name: [] for name in signed}, [] if self.definition.kind != "source" else None
        for name in made:
            if name not in signed:
                raise PluginError(f"column `{name}` was made, and not declared; {_listed(signed)} were")
        columns = [_column(name, data_type, made) for name, data_type in signed.items()]
        length = columns[0].length if columns else len(origins) if origins is not None else batch
        for name, column in zip(signed, columns):
            if column.length != length:
                raise PluginError(f"column `{name}` has {column.length} rows, and `{next(iter(signed))}` {length}")
        arrays: list[RawArray] = []
        for column in columns:
            _flatten(column, arrays)
        rows = None if origins is None else array("I", origins).tobytes()
        rejected = [(row, clean(reason)) for row, reason in output.rejected]
        return RawOutput(length, arrays, rows, rejected)


@contextmanager
def told(kind: type[Fault]) -> Iterator[None]:
    """Makes a fault of any other exception, with the line that it came from."""
    try:
        yield
    except Fault as fault:
        if isinstance(fault, ParamsError) and kind is not ParamsError:
            raise PluginError(str(fault)) from fault
        raise
    except Reject as reject:
        raise PluginError(
            f"`Reject` is for row functions; a batch's is `Output(…).reject(row, reason)` ({reject})"
        ) from reject
    except (Exception, SystemExit) as error:
        raise kind(explain(error)) from error


def lift(length: int, arrays: Sequence[RawArray], inputs: Mapping[str, DataType]) -> Batch:
    """A batch of what crossed."""
    rest = iter(arrays)
    return Batch(length, {name: _lift(data_type, rest) for name, data_type in inputs.items()})


def _lift(data_type: DataType, arrays: Iterator[RawArray]) -> Column:
    raw = next(arrays)
    children = [_lift(child, arrays) for child in data_type.arrays]
    return Column(data_type, raw.length, raw.buffers, children, raw.null_count)


def _column(name: str, data_type: DataType, made: Mapping[str, Any]) -> Column:
    if name not in made:
        raise PluginError(f"column `{name}` was declared, and not made; {_listed(made)} were")
    values = made[name]
    if isinstance(values, array):
        if values.typecode != _typecode(data_type):
            raise PluginError(f"column `{name}` is {data_type}, and was made of an array of `{values.typecode}`")
        return Column.numbers_of(data_type, values)
    if not isinstance(values, Column):
        try:
            return Column.of(data_type, values)
        except (TypeError, ValueError) as error:
            raise PluginError(f"column `{name}`, {error}") from None
    if values.type != data_type:
        raise PluginError(f"column `{name}` was declared {data_type}, and made {values.type}")
    return values


def _typecode(data_type: DataType) -> str | None:
    from .types import NUMBERS

    return NUMBERS.get(data_type.word)


def _flatten(column: Column, arrays: list[RawArray]) -> None:
    buffers = [buffer if isinstance(buffer, bytes) else bytes(buffer) for buffer in column.buffers]
    arrays.append(RawArray(column.length, column.null_count, buffers))
    for child in column.children:
        _flatten(child, arrays)


def _listed(names: Mapping[str, Any]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "none"


def _not_a_row(answer: Any) -> str:
    if answer is None or isinstance(answer, (list, tuple)):
        return 'the step answers no row or many, and has to say `rows="any"` for it'
    return f"the answer is a {type(answer).__name__}; it must be a dict"
