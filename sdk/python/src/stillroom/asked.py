"""`llm` and `embedding` in a component, over the bindings that componentize-py makes of the contract."""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable
from typing import Any

from componentize_py_types import Err

from . import embedding, llm
from .fault import clean
from .llm import Answer, Failure, Rating, Request, Scored, Text, Token


def connect() -> None:
    """Connects both with the host, as far as the component imports them."""
    try:
        from wit_world.imports import llm as asked
    except ImportError:
        llm.host = Missing("llm")
    else:
        llm.host = Models(asked)
    try:
        from wit_world.imports import embedding as embedder
    except ImportError:
        embedding.host = Missing("embedding")
    else:
        embedding.host = Embedder(embedder)


class Missing:
    """Stands for an interface that the component does not import."""

    def __init__(self, name: str) -> None:
        self.name = name

    def describe(self, model: str) -> Any:
        """What must be asked before anything else, and so says what is missing."""
        raise RuntimeError(
            f'the step asks a model, and its pyproject.toml does not say `imports = ["{self.name}"]` under [tool.stillroom]'
        )


class Models(llm.Host):
    """The host's language models."""

    def __init__(self, bindings: Any) -> None:
        self.bindings = bindings
        self.roles = {role.name.lower(): role for role in bindings.Role}

    def describe(self, model: str) -> str | Failure:
        """What a model's server calls it."""
        return _described(self.bindings, model)

    def generate(self, model: str, requests: list[Request], samples: int) -> list[Answer | Failure]:
        """One answer for each request and sample."""
        asked = [self._request(request) for request in requests]
        answers = self.bindings.generate(clean(model), asked, _whole("samples", samples, 32))
        return [_taken(answer, _answer) for answer in answers]

    def score(self, model: str, texts: list[Scored]) -> list[list[Rating] | Failure]:
        """The ratings of each text."""
        asked = [self.bindings.Scored(_text(one.query), clean(one.text)) for one in texts]
        return [_taken(scored, _ratings) for scored in self.bindings.score(clean(model), asked)]

    def _request(self, request: Request) -> Any:
        schema = json.dumps(request.schema) if isinstance(request.schema, dict) else request.schema
        if isinstance(request.stop, str):
            raise TypeError("`stop` is a list of texts")
        return self.bindings.Request(
            self._prompt(request),
            _text(schema),
            _number(request.temperature),
            _number(request.top_p),
            _whole("max_tokens", request.max_tokens, 32),
            [clean(text) for text in request.stop],
            _whole("seed", request.seed, 64),
            _whole("logprobs", request.logprobs, 32),
        )

    def _prompt(self, request: Request) -> Any:
        if isinstance(request.prompt, Text):
            return self.bindings.Prompt_Text(clean(request.prompt.text))
        messages = [self.bindings.Message(self.roles[one.role], clean(one.content)) for one in request.messages]
        return self.bindings.Prompt_Chat(messages)


class Embedder(embedding.Host):
    """The host's embedding models."""

    def __init__(self, bindings: Any) -> None:
        self.bindings = bindings

    def describe(self, model: str) -> str | Failure:
        """What a model's server calls it."""
        return _described(self.bindings, model)

    def embed(self, model: str, texts: list[str]) -> list[array[float] | Failure]:
        """A vector for each text."""
        made = self.bindings.embed(clean(model), [clean(text) for text in texts])
        return [_taken(vector, lambda data: array("f", data)) for vector in made]


def _described(bindings: Any, model: str) -> str | Failure:
    try:
        about: str = bindings.describe(clean(model)).model
    except Err as error:
        return _failure(error)
    return about


def _taken(result: Any, make: Callable[[Any], Any]) -> Any:
    return _failure(result) if isinstance(result, Err) else make(result.value)


def _failure(error: Any) -> Failure:
    # The case is the class's name, as `Failure_Denied`.
    return Failure(type(error.value).__name__.partition("_")[2].lower(), error.value.value)


def _answer(answer: Any) -> Answer:
    tokens = [Token(token.text, token.logprob, token.others) for token in answer.logprobs]
    finish = answer.finish.name.lower()
    return Answer(
        answer.text, answer.reasoning, finish, answer.model, answer.input_tokens, answer.output_tokens, tokens
    )


def _ratings(ratings: Any) -> list[Rating]:
    return [Rating(rating.value, rating.label) for rating in ratings]


def _text(text: str | None) -> str | None:
    return None if text is None else clean(text)


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)


def _whole(name: str, value: int | None, bits: int) -> int | None:
    # One that does not fit would end the interpreter.
    if value is not None and not (isinstance(value, int) and 0 <= value < 2**bits):
        raise ValueError(f"`{name}` is {value!r}: it must be a whole number of 0 to 2^{bits} - 1")
    return value
