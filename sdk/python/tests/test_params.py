import enum
import json
from typing import Annotated, Literal, Optional

import pytest
from stillroom import Maximum, Minimum, ParamsError, step
from stillroom.testing import run


class Form(enum.Enum):
    NFC = "nfc"
    NFKC = "nfkc"


@step(columns={"text": "utf8"}, outputs={"text": "utf8"})
def every(
    row,
    name: str,
    min_words: Annotated[int, Minimum(0), Maximum(9)] = 3,
    ratio: float = 0.5,
    flag: bool = False,
    mode: Literal["fast", "careful"] = "fast",
    form: Form = Form.NFC,
    tags: list[str] = [],
    weights: dict[str, float] = {},
    limit: Optional[int] = None,
):
    """Everything.

    Longer.

    Args:
        name: A name
            on two lines.
        min_words: The least words.
    """
    values = (name, min_words, ratio, flag, mode, form.name, tags, weights, limit)
    return {"text": repr(values)}


def test_schema():
    schema = json.loads(every.__stillroom__.params.schema())
    assert schema == {
        "type": "object",
        "properties": {
            "name": {"type": "string", "description": "A name on two lines."},
            "min-words": {
                "type": "integer",
                "minimum": 0,
                "maximum": 9,
                "default": 3,
                "description": "The least words.",
            },
            "ratio": {"type": "number", "default": 0.5},
            "flag": {"type": "boolean", "default": False},
            "mode": {"enum": ["fast", "careful"], "default": "fast"},
            "form": {"enum": ["nfc", "nfkc"], "default": "nfc"},
            "tags": {"type": "array", "items": {"type": "string"}, "default": []},
            "weights": {"type": "object", "additionalProperties": {"type": "number"}, "default": {}},
            "limit": {"type": "integer"},
        },
        "required": ["name"],
        "additionalProperties": False,
    }
    assert every.__stillroom__.summary == "Everything."


def test_values():
    given = {"name": "x", "min-words": 9, "ratio": 1, "flag": True, "mode": "careful", "form": "nfkc"}
    given |= {"tags": ["a"], "weights": {"a": 0.5}, "limit": 2**53 + 1}
    told = run(every, {"text": ["a"]}, given)["text"][0]
    assert told == repr(("x", 9, 1.0, True, "careful", "NFKC", ["a"], {"a": 0.5}, 2**53 + 1))
    assert run(every, {"text": ["a"]}, name="x", limit=None)["text"] == [
        repr(("x", 3, 0.5, False, "fast", "NFC", [], {}, None))
    ]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "parameter `name` is missing"),
        ({"name": 3}, "parameter `name` is 3; it must be text"),
        ({"name": "x", "min-words": "3"}, 'parameter `min-words` is "3"; it must be an integer'),
        ({"name": "x", "min-words": 3.0}, "parameter `min-words` is 3.0; it must be an integer"),
        ({"name": "x", "min-words": True}, "parameter `min-words` is true; it must be an integer"),
        ({"name": "x", "min-words": -1}, "parameter `min-words` is -1; it must be at least 0"),
        ({"name": "x", "min-words": 10}, "must be at most 9"),
        ({"name": "x", "limit": 2**63}, "parameter `limit` .* must be an integer"),
        ({"name": "x", "ratio": "a"}, "parameter `ratio` .* must be a number"),
        ({"name": "x", "ratio": 2**53 + 1}, "parameter `ratio`"),
        ({"name": "x", "flag": 1}, "parameter `flag` is 1; it must be true or false"),
        ({"name": "x", "mode": "slow"}, 'parameter `mode` is "slow"; it must be one of `fast`, `careful`'),
        ({"name": "x", "form": "NFC"}, "parameter `form`"),
        ({"name": "x", "tags": "a"}, "parameter `tags` .* must be a list"),
        ({"name": "x", "tags": ["a", 1]}, r"parameter `tags\[1\]` is 1; it must be text"),
        ({"name": "x", "weights": {"a": None}}, "parameter `weights.a`"),
        ({"name": "x", "min_words": 1}, "unknown parameter `min_words`; there are `name`, `min-words`"),
    ],
)
def test_wrong_parameters_are_named(given, told):
    with pytest.raises(ParamsError, match=told):
        run(every, {"text": ["a"]}, given)


def test_steps_that_cannot_be():
    with pytest.raises(TypeError, match="step `no_hint`: parameter `n` needs a type hint"):

        @step
        def no_hint(row, n): ...

    with pytest.raises(TypeError, match="step `odd`: parameter `n`: .*no type of a parameter"):

        @step
        def odd(row, n: object): ...

    with pytest.raises(TypeError, match="has a state, so it is a class"):

        @step(kind="global")
        def total(row): ...

    with pytest.raises(TypeError, match="`row\\(self, row\\)` or `process"):

        @step
        class Empty: ...
