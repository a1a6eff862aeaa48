"""Parameters of a step, from the signature of its function or of its class's `__init__`."""

from __future__ import annotations

import enum
import inspect
import json
import math
import re
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union

from .fault import ParamsError


@dataclass(frozen=True)
class Minimum:
    """The least value that a number may have: `Annotated[int, Minimum(0)]`."""

    value: float


@dataclass(frozen=True)
class Maximum:
    """The greatest value that a number may have: `Annotated[int, Maximum(9)]`."""

    value: float


@dataclass(frozen=True)
class Param:
    """One parameter."""

    name: str
    """In pipelines: `min-words` for `min_words`."""
    argument: str
    hint: Any
    default: Any
    summary: str

    @property
    def required(self) -> bool:
        """Whether a pipeline has to give it."""
        return self.default is inspect.Parameter.empty

    def schema(self) -> dict[str, Any]:
        """Its JSON Schema."""
        schema = _schema(self.hint)
        if self.summary:
            schema["description"] = self.summary
        if not self.required and self.default is not None:
            schema["default"] = _plain(self.default)
        return schema


class Params:
    """All parameters of a step."""

    def __init__(self, function: Callable[..., Any], skip: int, doc: str | None) -> None:
        """Those of a function, without its first `skip` arguments. `TypeError` says which one cannot be described."""
        hints = typing.get_type_hints(function, include_extras=True)
        described = descriptions(doc)
        self.params = []
        for parameter in list(inspect.signature(function).parameters.values())[skip:]:
            name = parameter.name
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
                raise TypeError(f"parameter `{name}` cannot be given by name")
            if name not in hints:
                raise TypeError(f"parameter `{name}` needs a type hint")
            summary = described.get(name, "") or _said(hints[name])
            param = Param(name.replace("_", "-"), name, hints[name], parameter.default, summary)
            try:
                param.schema()
            except TypeError as error:
                raise TypeError(f"parameter `{name}`: {error}") from None
            self.params.append(param)

    def schema(self) -> str:
        """JSON Schema of the object that a pipeline gives."""
        schema = {
            "type": "object",
            "properties": {param.name: param.schema() for param in self.params},
            "required": [param.name for param in self.params if param.required],
            "additionalProperties": False,
        }
        return json.dumps(schema, ensure_ascii=False)

    def read(self, text: str) -> dict[str, Any]:
        """Arguments for the function. `ParamsError` names the parameter that is unknown, missing or not what it must be."""
        given = json.loads(text or "{}")
        if not isinstance(given, dict):
            raise ParamsError("the parameters must be an object")
        known = {param.name: param for param in self.params}
        for name in given:
            if name not in known:
                there_are = ", ".join(f"`{name}`" for name in known) or "none"
                raise ParamsError(f"unknown parameter `{name}`; there are {there_are}")
        arguments = {}
        for name, param in known.items():
            if name in given:
                arguments[param.argument] = _read(given[name], param.hint, name)
            elif param.required:
                raise ParamsError(f"parameter `{name}` is missing")
        return arguments


def summary(doc: str | None) -> str:
    """The first line of a docstring."""
    return inspect.cleandoc(doc).split("\n", 1)[0].strip() if doc else ""


def descriptions(doc: str | None) -> dict[str, str]:
    """What a docstring says of parameters, in Google's style (`Args:`) or Sphinx's (`:param x:`)."""
    found: dict[str, str] = {}
    lines = inspect.cleandoc(doc).split("\n") if doc else []
    in_args, name = False, None
    for line in lines:
        sphinx = re.match(r":param (?:\w+ )?(\w+):\s*(.*)", line)
        google = re.match(r"\s{2,8}(\w+)(?: \([^)]*\))?:\s*(.*)", line) if in_args else None
        if sphinx or google:
            name, text = (sphinx or google).groups()  # type: ignore[union-attr]
            found[name] = text.strip()
        elif re.match(r"(Args|Arguments|Parameters|Params):\s*$", line):
            in_args, name = True, None
        elif name and line.startswith(" ") and line.strip():
            found[name] = f"{found[name]} {line.strip()}".strip()
        elif line.strip():
            in_args, name = False, None
    return found


def _said(hint: Any) -> str:
    return next((extra for extra in getattr(hint, "__metadata__", ()) if isinstance(extra, str)), "")


_WORDS = {bool: "boolean", int: "integer", float: "number", str: "string"}


def _optional(hint: Any) -> Any:
    """The type within `T | None`; none where it is something else."""
    if typing.get_origin(hint) not in (Union, getattr(types, "UnionType", Union)):
        return None
    inside = [one for one in typing.get_args(hint) if one is not type(None)]
    return inside[0] if len(inside) == 1 and len(typing.get_args(hint)) == 2 else None


def _schema(hint: Any) -> dict[str, Any]:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        schema = _schema(arguments[0])
        for extra in arguments[1:]:
            if isinstance(extra, Minimum):
                schema["minimum"] = extra.value
            elif isinstance(extra, Maximum):
                schema["maximum"] = extra.value
        return schema
    if hint in _WORDS:
        return {"type": _WORDS[hint]}
    if origin is Literal:
        return {"enum": list(arguments)}
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return {"enum": [one.value for one in hint]}
    if origin is list or hint is list:
        return {"type": "array", **({"items": _schema(arguments[0])} if arguments else {})}
    if origin is dict or hint is dict:
        return {"type": "object", **({"additionalProperties": _schema(arguments[1])} if arguments else {})}
    inside = _optional(hint)
    if inside is not None:
        return _schema(inside)
    raise TypeError(
        f"{hint!r} is no type of a parameter; there are bool, int, float, str, list[…], dict[str, …], Literal, Enum and … | None"
    )


def _read(value: Any, hint: Any, at: str) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        return _bounded(_read(value, arguments[0], at), arguments[1:], at)
    if hint is bool:
        return value if isinstance(value, bool) else _refuse(value, at, "true or false")
    if hint is str:
        return value if isinstance(value, str) else _refuse(value, at, "text")
    if hint is int:
        is_one = isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63
        return value if is_one else _refuse(value, at, "an integer")
    if hint is float:
        return _float(value, at)
    if origin is Literal:
        return _choice(value, arguments, at)
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return hint(_choice(value, [one.value for one in hint], at))
    if origin is list or hint is list:
        if not isinstance(value, list):
            _refuse(value, at, "a list")
        return [_read(item, arguments[0], f"{at}[{index}]") for index, item in enumerate(value)] if arguments else value
    if origin is dict or hint is dict:
        if not isinstance(value, dict):
            _refuse(value, at, "an object")
        return {key: _read(item, arguments[1], f"{at}.{key}") for key, item in value.items()} if arguments else value
    return None if value is None else _read(value, _optional(hint), at)


def _float(value: Any, at: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        _refuse(value, at, "a number")
    if not math.isfinite(value) or (isinstance(value, int) and abs(value) > 2**53 and int(float(value)) != value):
        _refuse(value, at, "a number that a float64 can hold")
    return float(value)


def _choice(value: Any, choices: Any, at: str) -> Any:
    for choice in choices:
        # `1 == True`, but they are not the same choice.
        if type(choice) is type(value) and choice == value:
            return choice
    return _refuse(value, at, "one of " + ", ".join(f"`{choice}`" for choice in choices))


def _bounded(value: Any, extras: Any, at: str) -> Any:
    for extra in extras if value is not None else ():
        if isinstance(extra, Minimum) and value < extra.value:
            _refuse(value, at, f"at least {extra.value}")
        if isinstance(extra, Maximum) and value > extra.value:
            _refuse(value, at, f"at most {extra.value}")
    return value


def _refuse(value: Any, at: str, expected: str) -> Any:
    shown = json.dumps(value, ensure_ascii=False)
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    raise ParamsError(f"parameter `{at}` is {shown}; it must be {expected}")


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, enum.Enum) else value
