"""Declaring steps: `@step`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, Union, overload

from . import params
from .batch import Batch
from .fault import ParamsError
from .types import DataType, Type, parsed

Kind = Literal["transform", "ordered", "global", "source"]
Rows = Literal["same", "any"]
Target = TypeVar("Target", bound=Callable[..., Any])


@dataclass(frozen=True)
class column:
    """A column that a step takes: `column("utf8", summary="The text.")`. Without a type it takes any."""

    types: tuple[str, ...] = ()
    required: bool = True
    summary: str = ""

    def __init__(self, *types: str, required: bool = True, summary: str = "") -> None:
        """`types`: those that it takes, best first; the host converts to the first that it can without loss."""
        object.__setattr__(self, "types", types)
        object.__setattr__(self, "required", required)
        object.__setattr__(self, "summary", summary)


Takes = Mapping[str, Union[str, Sequence[str], column]]
"""Columns that a step takes: their names, each with a type, some types, or a `column(…)`."""


class Schema:
    """In a class's `open`: what the data has, and what the step takes and makes of it."""

    def __init__(self, fields: Mapping[str, DataType], rows: Rows) -> None:
        self.fields = dict(fields)
        """The columns that the data has, as far as the step is told of them."""
        self.inputs: dict[str, DataType] = {}
        self.outputs: dict[str, DataType] = {}
        self.keys: list[str] = []
        self.rows: Rows = rows
        """`"same"`: one output row for each input row. `"any"`: each output row says which one it came from."""

    def input(self, name: str, *types: str) -> DataType:
        """Takes a column and answers its type. `ParamsError` where it is missing, or of none of the types, if some are given."""
        if name not in self.fields:
            has = ", ".join(f"`{field}`" for field in self.fields) or "none"
            raise ParamsError(f"there is no column `{name}`; the data has {has}")
        data_type = self.fields[name]
        if types and str(data_type) not in types and data_type.word not in types:
            raise ParamsError(f"column `{name}` is {data_type}; it must be {' or '.join(types)}")
        if data_type.word == "unknown":
            raise ParamsError(f"column `{name}` is {data_type.details[0]}, a type that this SDK does not know")
        self.inputs[name] = data_type
        return data_type

    def output(self, name: str, data_type: Type) -> None:
        """Makes a column. One with the name of an input replaces it."""
        try:
            self.outputs[name] = parsed(data_type)
        except ValueError as error:
            raise ParamsError(f"output column `{name}`: {error}") from None

    def key(self, *names: str) -> None:
        """Ordered and global steps: rows of different keys have no bearing on one another, so several instances may share them."""
        self.keys.extend(names)


@dataclass(frozen=True)
class Definition:
    """A step as it was declared."""

    target: Callable[..., Any]
    name: str
    kind: Kind
    summary: str
    columns: Mapping[str, column]
    outputs: Mapping[str, DataType]
    rows: Rows
    key: tuple[str, ...]
    params: params.Params
    by_rows: bool
    """Whether it is called with rows, and not with batches."""

    @property
    def is_class(self) -> bool:
        """Whether it is a class, and so has a state."""
        return inspect.isclass(self.target)


STEPS: list[Definition] = []
"""All steps that were declared, in order."""


@overload
def step(target: Target) -> Target: ...


@overload
def step(
    *,
    kind: Kind = "transform",
    name: str | None = None,
    columns: Takes | None = None,
    outputs: Mapping[str, Type] | None = None,
    rows: Rows = "same",
    key: Sequence[str] = (),
) -> Callable[[Target], Target]: ...


def step(
    target: Any = None,
    *,
    kind: Kind = "transform",
    name: str | None = None,
    columns: Takes | None = None,
    outputs: Mapping[str, Type] | None = None,
    rows: Rows = "same",
    key: Sequence[str] = (),
) -> Any:
    """Makes a step of a function or a class, which stay what they are.

    A function whose first argument is `batch` (or is annotated `Batch`) gets a batch and answers a dict of columns or an
    `Output`. Any other gets a row, a dict, and answers a dict; with `rows="any"` also `None` (the row is dropped) or a list
    of dicts. A source is a generator of dicts. What comes after the first argument (of a source or a class: all) are the
    step's parameters, with type hints.

    A class has `row(self, row)` or `process(self, batch)`; a source `process(self, wanted)`; a global step answers in
    `finish(self)`, and no other kind has it. `open(self, schema)`, if it is there, takes and makes columns that hang on parameters.

    `name` is the function's name in kebab-case where nothing else is said, the summary the docstring's first line.
    """

    def declare(target: Any) -> Any:
        target.__stillroom__ = _define(target, kind, name, columns or {}, outputs or {}, rows, key)
        STEPS.append(target.__stillroom__)
        return target

    return declare if target is None else declare(target)


def definition_of(target: Callable[..., Any]) -> Definition:
    """The step that a function or a class is. `TypeError` where it is none."""
    definition = vars(target).get("__stillroom__")
    if definition is None:
        raise TypeError(f"`{getattr(target, '__name__', target)}` is no step: it wants `@step`")
    return definition


def _define(
    target: Callable[..., Any],
    kind: Kind,
    name: str | None,
    columns: Takes,
    outputs: Mapping[str, Type],
    rows: Rows,
    key: Sequence[str],
) -> Definition:
    called = target.__name__
    name = name or _kebab(called)
    try:
        _check(target, kind, rows)
        by_rows, skip = _shape(target, kind)
        doc = inspect.getdoc(target)
        if inspect.isclass(target):
            own_init = target.__init__ is not object.__init__
            doc = f"{doc or ''}\n{inspect.getdoc(target.__init__) or ''}" if own_init else doc
            read = params.Params(target.__init__, 1, doc) if own_init else params.Params(lambda: None, 0, None)
        else:
            read = params.Params(target, skip, doc)
        made = {column_name: parsed(data_type) for column_name, data_type in outputs.items()}
        taken = {column_name: _column(of) for column_name, of in columns.items()}
    except (TypeError, ValueError) as error:
        raise TypeError(f"step `{called}`: {error}") from None
    return Definition(target, name, kind, params.summary(doc), taken, made, rows, tuple(key), read, by_rows)


def _check(target: Callable[..., Any], kind: str, rows: str) -> None:
    if kind not in ("transform", "ordered", "global", "source"):
        raise ValueError(f"there is no kind `{kind}`; there are transform, ordered, global and source")
    if rows not in ("same", "any"):
        raise ValueError(f"`rows` is `{rows}`; it must be `same` or `any`")
    if kind in ("ordered", "global") and not inspect.isclass(target):
        raise TypeError(f"an {kind} step has a state, so it is a class")
    if kind == "ordered" and callable(getattr(target, "finish", None)):
        raise TypeError("an ordered step has no `finish(self)`: only a global step is asked for more in the end")


def _shape(target: Callable[..., Any], kind: str) -> tuple[bool, int]:
    """Whether it is called with rows, and how many arguments are no parameters."""
    if inspect.isclass(target):
        has = {method for method in ("row", "process") if callable(getattr(target, method, None))}
        if len(has) != 1:
            raise TypeError("a class has `row(self, row)` or `process(self, batch)`, and not both")
        if kind == "source" and "row" in has:
            raise TypeError("a source has `process(self, wanted)`")
        if kind == "global" and not callable(getattr(target, "finish", None)):
            raise TypeError("a global step answers in `finish(self)`")
        return "row" in has, 1
    if kind == "source":
        if not inspect.isgeneratorfunction(target):
            raise TypeError("a source is a generator of rows, or a class")
        return True, 0
    first = next(iter(inspect.signature(target).parameters.values()), None)
    if first is None:
        raise TypeError("its first argument is the row, or the batch")
    is_batch = first.name == "batch" or first.annotation is Batch or str(first.annotation).split(".")[-1] == "Batch"
    return not is_batch, 1


def _column(of: str | Sequence[str] | column) -> column:
    if isinstance(of, column):
        return of
    return column(of) if isinstance(of, str) else column(*of)


def _kebab(name: str) -> str:
    words = "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name)
    return words.strip("-_").replace("_", "-").replace("--", "-")
