"""The exports of a component, over the bindings that componentize-py makes of the contract."""

from __future__ import annotations

from typing import Any, ClassVar

from componentize_py_types import Err
from wit_world.exports import step as wit
from wit_world.imports.data import Array, Batch, Field

from . import asked, log
from .fault import DataError, Fault, ParamsError, clean
from .opened import Opened, RawOutput
from .step import STEPS, Definition
from .types import DataType

KINDS = {
    "transform": wit.Kind.TRANSFORM,
    "ordered": wit.Kind.ORDERED,
    "global": wit.Kind.GLOBAL,
    "source": wit.Kind.SOURCE,
}


class Step:
    """The interface `step`. There is an object for each of its functions, so what they share is the class's."""

    opened: ClassVar[Opened]

    def describe(self) -> list[wit.Manifest]:
        """The steps of this plugin: made at build time, so that it costs nothing."""
        return MANIFESTS

    def open(self, step: str, params: str, input: list[Field]) -> wit.Signature:
        """Opens one step."""
        before_call(None)
        definition = next((one for one in STEPS if one.name == step), None)
        if definition is None:
            raise Err(wit.Fault_Params(f"this plugin has no step `{step}`"))
        fields = {}
        for field in input:
            try:
                fields[field.name] = DataType.parse(field.data_type)
            except ValueError:
                # A type of a later host: it can be named, and not read.
                fields[field.name] = DataType("unknown", (), (field.data_type,))
        try:
            Step.opened = Opened(definition, params, fields)
        except Fault as fault:
            raise _err(fault) from None
        schema = self.opened.schema
        outputs = [Field(name, str(data_type), True) for name, data_type in schema.outputs.items()]
        rows = wit.RowCount.ANY if schema.rows == "any" else wit.RowCount.SAME
        return wit.Signature(list(schema.inputs), outputs, rows, schema.keys)

    def process(self, input: Batch) -> wit.Output:
        """One batch."""
        before_call(input)
        try:
            return _output(self.opened.process(input.length, input.arrays))
        except Fault as fault:
            raise _err(fault) from None

    def finish(self) -> wit.Output | None:
        """After the last batch."""
        before_call(None)
        try:
            raw = self.opened.finish()
        except Fault as fault:
            raise _err(fault) from None
        return None if raw is None else _output(raw)


def before_call(batch: Batch | None) -> None:
    """What is done before each call; `stillroom_app` gives it its meaning."""


def _output(raw: RawOutput) -> wit.Output:
    arrays = [Array(array.length, array.null_count, array.buffers) for array in raw.arrays]
    rejected = [wit.Rejection(row, reason) for row, reason in raw.rejected]
    return wit.Output(Batch(raw.length, arrays), raw.rows, rejected)


def _err(fault: Fault) -> Err:
    case: Any = wit.Fault_Plugin
    if isinstance(fault, ParamsError):
        case = wit.Fault_Params
    elif isinstance(fault, DataError):
        case = wit.Fault_Data
    return Err(case(clean(fault)))


def _manifest(definition: Definition) -> wit.Manifest:
    columns = [
        wit.Column(name, list(column.types), column.required, column.summary)
        for name, column in definition.columns.items()
    ]
    return wit.Manifest(
        definition.name, KINDS[definition.kind], definition.summary, definition.params.schema(), columns
    )


def manifests() -> list[wit.Manifest]:
    """What all declared steps say of themselves. `ValueError` where there is none, or two have one name."""
    names = [definition.name for definition in STEPS]
    if not names:
        raise ValueError("the module declares no step: it wants a function or class with `@step`")
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"two steps are called `{name}`")
    return [_manifest(definition) for definition in STEPS]


MANIFESTS: list[wit.Manifest] = []
"""Filled at build time."""


def connect() -> None:
    """Connects `log`, `http`, `llm` and `embedding` with the host, as far as the component imports them."""
    _connect_log()
    _connect_http()
    asked.connect()


def _connect_log() -> None:
    try:
        from wit_world.imports import log as host
    except ImportError:
        log.sink = _no_log
        return
    levels = {level.name.lower(): level for level in host.Level}
    log.sink = lambda level, message, row: host.write(levels[level], clean(message), row)


def _no_log(level: str, message: str, row: int | None) -> None:
    raise RuntimeError('the step logs, and its pyproject.toml does not say `imports = ["log"]` under [tool.stillroom]')


def _connect_http() -> None:
    from . import http

    try:
        from wit_world.imports import http as host
    except ImportError:
        http.transport = _no_http
        return
    kinds = {
        host.Failure_Denied: "denied",
        host.Failure_Invalid: "invalid",
        host.Failure_Timeout: "timeout",
        host.Failure_TooLarge: "too-large",
        host.Failure_Failed: "failed",
    }

    def ask(request: http.Request) -> http.Response:
        milliseconds = None if request.timeout is None else min(max(int(request.timeout * 1000), 1), 2**32 - 1)
        asked = host.Request(request.method, request.url, request.headers, bytes(request.body), milliseconds)
        try:
            answer = host.fetch(asked)
        except Err as error:
            raise http.HttpError(kinds[type(error.value)], error.value.value) from None
        return http.Response(answer.status, answer.url, answer.headers, answer.body)

    http.transport = ask


def _no_http(request: Any) -> Any:
    raise RuntimeError(
        'the step asks over HTTP, and its pyproject.toml does not say `imports = ["http"]` under [tool.stillroom]'
    )
