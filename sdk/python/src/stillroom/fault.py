"""What a step may raise, and how any other exception is told."""

from __future__ import annotations

import os
from types import TracebackType


class Reject(Exception):
    """Raised in a row function: this row cannot be worked on. It leaves the stream with its reason, the others go on."""


class Fault(Exception):
    """A failure with an address. Use one of its three kinds."""


class ParamsError(Fault):
    """The parameters or the columns' types are wrong: for the pipeline's author. Only while a step is opened."""


class DataError(Fault):
    """This batch cannot be worked on."""


class PluginError(Fault):
    """The step itself failed. Every exception that is not of this module comes to one."""


def clean(text: object) -> str:
    """Text that can cross to the host: what is no Unicode (`"\\ud800"`) would end the interpreter there."""
    return str(text).encode("utf-8", "replace").decode()


HERE = os.path.dirname(os.path.abspath(__file__))
"""The folder of this package: its frames are nobody's fault but ours, and are not shown."""


def explain(error: BaseException) -> str:
    """The exception with the line of the author's file that it came from: `ValueError: no (shout.py:12, in shout)`."""
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    where = _line(error.__traceback__)
    return f"{what} ({where})" if where else what


def _line(traceback: TracebackType | None) -> str | None:
    """The last frame in a file of the author's, or else the last one of a library that was called."""
    authors = others = None
    while traceback is not None:
        code = traceback.tb_frame.f_code
        shown = f"{os.path.basename(code.co_filename)}:{traceback.tb_lineno}, in {code.co_name}"
        if _is_authors(code.co_filename):
            authors = shown
        elif not code.co_filename.startswith(HERE):
            others = shown
        traceback = traceback.tb_next
    return authors or others


def _is_authors(file: str) -> bool:
    """Whether a file is the author's: not the SDK's, and not a package's or the standard library's."""
    file = file.replace("\\", "/")
    if AUTHORS:
        return file.startswith(AUTHORS)
    return not (file.startswith((HERE, STANDARD, "<")) or "/site-packages/" in file or "/build/packages/" in file)


STANDARD = os.path.dirname(os.path.abspath(os.__file__))

AUTHORS = ""
"""In a component: what every path of the author's begins with."""
