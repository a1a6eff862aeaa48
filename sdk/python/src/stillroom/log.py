"""Lines in the run's log.

A step that logs needs `imports = ["log"]` under `[tool.stillroom]` in its `pyproject.toml`, and a pipeline has to grant it.
Outside a component the lines go to standard error, or to the `Runner` of a test.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Optional

Sink = Callable[[str, str, Optional[int]], None]


def debug(message: object, row: int | None = None) -> None:
    """What only the step's author wants to know. `row`: the row of the batch that it is about."""
    sink("debug", str(message), row)


def info(message: object, row: int | None = None) -> None:
    """What happens."""
    sink("info", str(message), row)


def warn(message: object, row: int | None = None) -> None:
    """What may be wrong."""
    sink("warn", str(message), row)


def error(message: object, row: int | None = None) -> None:
    """What is wrong."""
    sink("error", str(message), row)


def line(level: str, message: str, row: int | None) -> str:
    """A line as people read it."""
    return f"{level}: {message}" if row is None else f"{level}: row {row}: {message}"


def _to_stderr(level: str, message: str, row: int | None) -> None:
    print(line(level, message, row), file=sys.stderr)


sink: Sink = _to_stderr
"""Where lines go."""
