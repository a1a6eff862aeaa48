"""What crosses to the host, with stand-ins for the bindings that componentize-py makes."""

import importlib
import sys
from types import ModuleType, SimpleNamespace
from unittest.mock import MagicMock

import pytest
from stillroom import DataError, ParamsError, PluginError, log


@pytest.fixture
def host(monkeypatch):
    """The component's module, and the lines that the host is given."""
    lines = []
    bindings = MagicMock()
    for case in ("Fault_Plugin", "Fault_Params", "Fault_Data"):
        setattr(bindings.step, case, lambda told, case=case: (case, told))
    levels = [SimpleNamespace(name=name.upper()) for name in ("debug", "info", "warn", "error")]
    bindings.log = SimpleNamespace(Level=levels, write=lambda level, message, row: lines.append((message, row)))
    types = ModuleType("componentize_py_types")
    types.Err = lambda value: value
    monkeypatch.setitem(sys.modules, "componentize_py_types", types)
    for name in ("wit_world", "wit_world.exports", "wit_world.imports", "wit_world.imports.data"):
        monkeypatch.setitem(sys.modules, name, bindings)
    monkeypatch.setattr(log, "sink", log.sink)
    component = importlib.import_module("stillroom.component")
    yield component, lines
    del sys.modules["stillroom.component"]


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (DataError("no \ud800 here"), ("Fault_Data", "no ? here")),
        (ParamsError("\udfff"), ("Fault_Params", "?")),
        (PluginError(7), ("Fault_Plugin", "7")),
        (PluginError("ß 😀"), ("Fault_Plugin", "ß 😀")),
    ],
)
def test_faults_are_text_that_can_cross(host, fault, told):
    assert host[0]._err(fault) == told


def test_lines_are_text_that_can_cross(host):
    component, lines = host
    component._connect_log()
    log.info("a\ud800")
    log.warn(3, row=1)
    # What is printed takes the same way.
    log.sink("info", "\udc80 ß", None)
    assert lines == [("a?", None), ("3", 1), ("? ß", None)]
