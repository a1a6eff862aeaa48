"""Models in a test without WebAssembly, and what crosses to the host, with stand-ins for componentize-py's bindings."""

import importlib
import json
import sys
from array import array
from pathlib import Path
from types import ModuleType, SimpleNamespace
from unittest.mock import MagicMock

import pytest
from stillroom import ParamsError, embedding, llm
from stillroom.testing import run

sys.path.insert(0, str(Path(__file__).parents[1] / "ask"))
from ask import Ask, Embed, Score  # noqa: E402


@pytest.fixture(autouse=True)
def nobody():
    yield
    llm.answer_with(None)
    llm.score_with(None)
    embedding.embed_with(None)


def test_each_row_has_its_answer_or_its_reason():
    def answers(model, request):
        said = request.messages[-1].content
        return llm.Failure("refused", "not this") if said == "bad" else f"{model} {len(request.messages)} {said}"

    llm.answer_with(answers)
    output = run(Ask, {"prompt": ["a", "bad", "c"]}, model="small", system="Be short.")
    assert output["answer"] == ["small 2 a", None, "small 2 c"]
    assert output.rejected == [(1, "refused: not this")]


def test_a_wrong_name_is_a_fault_of_the_parameters():
    with pytest.raises(ParamsError, match="no test answers"):
        run(Ask, {"prompt": ["a"]}, model="small")
    with pytest.raises(ParamsError, match="no test answers"):
        run(Embed, {"prompt": ["a"]}, model="small")


def test_samples_lie_behind_one_another():
    seen = []
    llm.answer_with(lambda model, request: seen.append(request.prompt) or str(len(seen)))
    answers = llm.model("small").generate(["a", llm.Request(llm.Text("b"))], samples=2)
    assert seen == ["a", "a", llm.Text("b"), llm.Text("b")]
    assert [answer.text for answer in answers] == ["1", "2", "3", "4"]
    assert llm.model("small").ask("a") == llm.Answer("5")
    with pytest.raises(TypeError, match="`ask` takes one"):
        llm.model("small").generate("a")


def test_scores_and_vectors():
    llm.score_with(lambda model, text: [llm.Rating(len(text.text))])
    assert run(Score, {"prompt": ["abc", None]}, model="judge")["score"] == [3.0, 0.0]
    embedding.embed_with(lambda model, text: [1.5, len(text)] if text else embedding.Failure("invalid", "no text"))
    assert embedding.model("small").embed(["ab"]) == [array("f", [1.5, 2.0])]
    output = run(Embed, {"prompt": ["ab", None]}, model="small")
    assert (output["vector"], output.rejected) == ([[1.5, 2.0], None], [(1, "invalid: no text")])


class Ok:
    def __init__(self, value):
        self.value = value


class Err(Exception):
    def __init__(self, value):
        self.value = value


class Failure_Denied:
    def __init__(self, value):
        self.value = value


@pytest.fixture
def asked(monkeypatch):
    """The module that connects, and the bindings that it finds."""
    bindings = MagicMock()
    bindings.llm.Role = [SimpleNamespace(name=name) for name in ("SYSTEM", "USER", "ASSISTANT")]
    bindings.llm.describe = lambda model: SimpleNamespace(model=f"{model}-v1")
    types = ModuleType("componentize_py_types")
    types.Err = Err
    monkeypatch.setitem(sys.modules, "componentize_py_types", types)
    for name in ("wit_world", "wit_world.imports"):
        monkeypatch.setitem(sys.modules, name, bindings)
    monkeypatch.delitem(sys.modules, "stillroom.asked", raising=False)
    monkeypatch.setattr(llm, "host", llm.host)
    monkeypatch.setattr(embedding, "host", embedding.host)
    yield importlib.import_module("stillroom.asked"), bindings
    del sys.modules["stillroom.asked"]


def test_what_crosses(asked):
    module, bindings = asked
    module.connect()
    token = SimpleNamespace(text="4", logprob=-0.5, others=[("5", -1.0)])
    answer = SimpleNamespace(
        text="4",
        reasoning=None,
        finish=SimpleNamespace(name="LENGTH"),
        model="m",
        input_tokens=7,
        output_tokens=1,
        logprobs=[token],
    )
    bindings.llm.generate.return_value = [Ok(answer), Err(Failure_Denied("no"))]
    small = llm.model("small")
    assert small.served == "small-v1"
    schema = {"type": "integer"}
    answers = small.generate(
        [llm.Request("2 + 2?\ud800", schema=schema, temperature=0, seed=2**64 - 1, stop=["\n"])], 2
    )
    assert answers[0] == llm.Answer("4", None, "length", "m", 7, 1, [llm.Token("4", -0.5, [("5", -1.0)])])
    assert answers[1] == llm.Failure("denied", "no")
    asked_for = bindings.llm.Request.call_args.args[1:]
    assert asked_for == (json.dumps(schema), 0.0, None, None, ["\n"], 2**64 - 1, None)
    assert bindings.llm.Message.call_args.args[1] == "2 + 2??"
    bindings.llm.score.return_value = [Ok([SimpleNamespace(label="good", value=0.5)])]
    assert small.score(["a"]) == [[llm.Rating(0.5, "good")]]
    bindings.embedding.describe.side_effect = Err(Failure_Denied("there is no model `tiny`"))
    with pytest.raises(ParamsError, match="there is no model `tiny`"):
        embedding.model("tiny")
    bindings.embedding.embed.return_value = [Ok(array("f", [0.5]).tobytes()), Err(Failure_Denied("no"))]
    assert embedding.host.embed("small", ["a", "b"]) == [array("f", [0.5]), llm.Failure("denied", "no")]


@pytest.mark.parametrize("wrong", [{"max_tokens": 2**32}, {"seed": -1}, {"logprobs": 1.5}])
def test_numbers_that_cannot_cross_are_named(asked, wrong):
    asked[0].connect()
    with pytest.raises(ValueError, match=f"`{next(iter(wrong))}` is"):
        llm.model("small").ask(llm.Request("a", **wrong))


def test_what_is_not_imported_is_named(asked):
    module, bindings = asked
    del bindings.llm, bindings.embedding
    module.connect()
    with pytest.raises(RuntimeError, match=r'imports = \["llm"\]'):
        llm.model("small")
    with pytest.raises(RuntimeError, match=r'imports = \["embedding"\]'):
        embedding.model("small")
