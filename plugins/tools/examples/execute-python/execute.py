"""APIGen's execution check (Liu et al. 2024, arXiv:2406.18518): calls are made, and what comes of them is kept."""

import inspect
import json

import functions
from stillroom import Reject, Row, step

CALLABLE = {
    name: function
    for name, function in inspect.getmembers(functions, inspect.isfunction)
    if function.__module__ == functions.__name__ and not name.startswith("_")
}
"""The functions of `functions.py` itself; not what it imports, nor names with a `_` before them."""


class Failed(Exception):
    """A call that cannot be made."""


@step(
    columns={"answers": "utf8"},
    outputs={"execution_result": "list<utf8>", "keep_row_after_execution_check": "bool"},
)
def execute(row: Row):
    """Make the calls of an answer, and say what came of them.

    Every call has a result, in JSON, or a text that says what went wrong. A row is kept if all its calls succeeded.
    """
    if row["answers"] is None:
        raise Reject("`answers` is null")
    try:
        calls = parse(row["answers"])
    except ValueError as error:
        return {"execution_result": [f"error: {error}"], "keep_row_after_execution_check": False}
    results, succeeded = [], bool(calls)
    for call in calls:
        try:
            results.append(make(call))
        except Exception as error:  # whatever a function raises is its result
            results.append(f"error: {type(error).__name__}: {error}")
            succeeded = False
    return {"execution_result": results, "keep_row_after_execution_check": succeeded}


def parse(answers: str) -> list:
    """The calls in a text. `ValueError` where it has none."""
    calls = json.loads(answers)
    if not isinstance(calls, list):
        raise ValueError("the calls are no list")
    return calls


def make(call: dict) -> str:
    """The result of one call, in JSON."""
    if not isinstance(call, dict) or not isinstance(call.get("arguments"), dict):
        raise Failed("a call is an object with `name` and `arguments`")
    name = call.get("name")
    if name not in CALLABLE:
        raise Failed(f"there is no function `{name}`; there are {', '.join(sorted(CALLABLE))}")
    return json.dumps(CALLABLE[name](**call["arguments"]), ensure_ascii=False, allow_nan=False)
