import pytest
from stillroom import Column, DataError, ParamsError, PluginError
from stillroom.testing import run
from test_columns import ROUND_TRIPS

from conformance import (
    Echo,
    Rebuild,
    Running,
    Total,
    fail,
    numbers,
    reject_odd,
    repeat_rows,
    settings,
    shout,
    words,
)  # fmt: skip


@pytest.mark.parametrize(("data_type", "values"), ROUND_TRIPS)
@pytest.mark.parametrize("step", [Echo, Rebuild])
def test_every_type(step, data_type, values):
    assert run(step, {"value": Column.of(data_type, values)})["value"] == values


def test_words():
    texts = ["A b  C", None, "", " x\t\n\r\v\fY ", "Ä\u00a0ß", "x", "  "]
    answer = run(words, {"text": texts})
    assert answer["text"] == [text and text.lower() for text in texts]
    assert answer["words"] == [3, None, 0, 2, 1, 1, 0]
    assert answer["words"] == [None if text is None else len(text.encode().split()) for text in texts]
    assert run(words, {"text": []}, types={"text": "utf8"})["words"] == []


def test_repeat():
    answer = run(repeat_rows, {"n": [2, 0, None, -1, 1]})
    assert (answer["copy"], answer.origins) == ([0, 1, 0], [0, 0, 4])


def test_reject_odd():
    answer = run(reject_odd, {"n": [1, 2, None, -3]})
    assert answer.rows == [{"n": 2}, {"n": None}]
    assert answer.rejected == [(0, "1 is odd"), (3, "-3 is odd")]


def test_fail():
    for how, kind, told in [
        ("data", DataError, "bad row: boom"),
        ("plugin", PluginError, "broken: boom"),
        ("exception", PluginError, r"row 1: RuntimeError: exploded: boom \(conformance.py:\d+, in fail\)"),
    ]:
        with pytest.raises(kind, match=told):
            run(fail, {"text": ["fine", "boom"]}, how=how)
    assert run(fail, {"text": ["fine", None]})["text"] == ["fine", None]


def test_sums():
    assert run(Total, {"n": [1, None, 2]}, batch=2).rows == [{"total": 3, "rows": 3}]
    assert run(Running, {"n": [1, None, 2]}, batch=2)["sum"] == [1, 1, 3]
    for step in (Total, Running):
        with pytest.raises(DataError, match="beyond 64 bits"):
            run(step, {"n": [2**63 - 1, 1]})


def test_numbers():
    assert run(numbers, 10, batch=2)["n"] == [0, 1, 2, 3, 4]


def test_settings():
    given = {"name": "x", "count": 0, "ratio": 0.25, "flag": True, "mode": "careful", "tags": ["a", "b"]}
    assert run(settings, {"text": ["a", None]}, given)["settings"] == ["x 0 0.25 true careful a,b"] * 2
    assert run(settings, {"text": ["a"]}, name="x")["settings"] == ["x 3 0.5 false fast "]
    for wrong in [{}, {"name": "x", "count": -1}, {"name": "x", "count": 1.5}, {"name": "x", "what": 1}]:
        with pytest.raises(ParamsError, match="`name`|`count`|`what`"):
            run(settings, {"text": ["a"]}, wrong)


def test_shout():
    assert run(shout, {"text": ["a", None]}).log == ["info: 2 rows", "warn: row 1: row has no text"]
