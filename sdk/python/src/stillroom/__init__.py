"""Write Stillroom steps in Python.

A function or a class with `@step` is a step. It takes the columns that it declares, and sees nothing else.
"""

from . import embedding, http, llm, log
from .batch import Batch, Output, Row
from .column import Column
from .fault import DataError, ParamsError, PluginError, Reject
from .params import Maximum, Minimum
from .step import Schema, column, step
from .types import DataType

__all__ = [
    "Batch",
    "Column",
    "DataError",
    "DataType",
    "Maximum",
    "Minimum",
    "Output",
    "ParamsError",
    "PluginError",
    "Reject",
    "Row",
    "Schema",
    "column",
    "embedding",
    "http",
    "llm",
    "log",
    "step",
]
