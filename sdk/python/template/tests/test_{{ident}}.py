import pytest
from stillroom import ParamsError
from stillroom.testing import run

from {{ident}} import shout


def test_shouts():
    assert run(shout, {"text": ["hello", "straße", None]})["text"] == ["HELLO!", "STRASSE!", None]


def test_mark():
    assert run(shout, [{"text": "hello"}], mark="?").rows == [{"text": "HELLO?"}]


def test_mark_is_text():
    with pytest.raises(ParamsError, match="`mark`"):
        run(shout, {"text": ["hello"]}, mark=3)
