"""Language models, asked by the host.

A step that asks needs `imports = ["llm"]` under `[tool.stillroom]` in its `pyproject.toml`, and a pipeline has to grant it, with
the models that it declares. A step knows a model by its name there: addresses, keys, rates, retries and the bill are the host's.
All requests of a call are under way together, so ask for as many as there are. In a test `answer_with` and `score_with` say what
is answered.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Union

from .fault import ParamsError

Kind = Literal["denied", "invalid", "refused", "mismatch", "timeout", "failed"]


@dataclass(frozen=True)
class Failure:
    """Why a request has no answer, after all that the pipeline allows was tried. It is a value and not raised."""

    kind: Kind
    """`denied` by the pipeline, an `invalid` request, `refused` by the server, a `mismatch` with the schema, no whole answer in
    time (`timeout`), `failed` by the network or the server."""
    why: str

    def __str__(self) -> str:
        """Both: fit for a row's reason."""
        return f"{self.kind}: {self.why}"


@dataclass(frozen=True)
class Message:
    """Something that is said: `user("…")` makes one."""

    role: Literal["system", "user", "assistant"]
    content: str


def system(content: str) -> Message:
    """What the system says."""
    return Message("system", content)


def user(content: str) -> Message:
    """What the user says."""
    return Message("user", content)


def assistant(content: str) -> Message:
    """What the assistant says. Where it is the last message, the model goes on with it, if its server can."""
    return Message("assistant", content)


@dataclass(frozen=True)
class Text:
    """Text that a model goes on with as it stands, with nothing put around it."""

    text: str


@dataclass
class Request:
    """What a model is asked. What is left out is as the pipeline declares the model, or as the server has it."""

    prompt: str | Text | Sequence[Message]
    """What the user says, a conversation, or a `Text` to go on with."""
    schema: str | dict[str, Any] | None = None
    """A JSON Schema that the answer's text is valid against. Where it is not, the host asks again and says what is wrong."""
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    stop: Sequence[str] = ()
    """Texts at which the answer ends."""
    seed: int | None = None
    logprobs: int | None = None
    """To have the logarithm of each token's probability, with those of so many likely others."""

    @property
    def messages(self) -> list[Message]:
        """The conversation; empty where the prompt is a `Text`."""
        if isinstance(self.prompt, Text):
            return []
        return [user(self.prompt)] if isinstance(self.prompt, str) else list(self.prompt)


@dataclass
class Token:
    """A token of an answer."""

    text: str
    logprob: float
    """The natural logarithm of its probability."""
    others: list[tuple[str, float]] = field(default_factory=list)
    """Likely others in its place."""


@dataclass
class Answer:
    """What a model says."""

    text: str
    reasoning: str | None = None
    """What a reasoning model thought before, where its server tells."""
    finish: Literal["stop", "length", "filter", "other"] = "stop"
    """Why it ends: by itself, at the most tokens it may have, kept back by the server."""
    model: str = "test"
    """What the server calls the model that answered."""
    input_tokens: int = 0
    output_tokens: int = 0
    logprobs: list[Token] = field(default_factory=list)
    """Empty, where none were asked for or the server has none."""


@dataclass(frozen=True)
class Scored:
    """What is to be scored: a text; of a question or an instruction, where there is one."""

    text: str
    query: str | None = None


@dataclass(frozen=True)
class Rating:
    """What a reward model, a reranker or a classifier makes of a text."""

    value: float
    label: str = ""
    """Of classifiers, the class; empty where a model gives one number."""


@dataclass(frozen=True)
class Model:
    """A model that may be asked: `model("small")` makes one."""

    name: str
    """What the pipeline calls it."""
    served: str
    """What its server calls it."""

    def ask(self, request: Request | str) -> Answer | Failure:
        """Asks one request once."""
        return self.generate([request])[0]

    def generate(self, requests: Sequence[Request | str], samples: int = 1) -> list[Answer | Failure]:
        """Asks each request so many times, all together: the answers to the first request, then those to the second …"""
        if isinstance(requests, (str, Request)):
            raise TypeError("`generate` takes a list of requests; `ask` takes one")
        return host.generate(self.name, [Request(one) if isinstance(one, str) else one for one in requests], samples)

    def score(self, texts: Sequence[Scored | str]) -> list[list[Rating] | Failure]:
        """Scores texts: of each, one rating or one a class."""
        if isinstance(texts, (str, Scored)):
            raise TypeError("`score` takes a list of texts")
        return host.score(self.name, [Scored(one) if isinstance(one, str) else one for one in texts])


def model(name: str) -> Model:
    """The model of a name. `ParamsError` where the pipeline does not declare it, or the plugin may not ask it: for `open` and
    `__init__`, so that this is told before a row moves."""
    served = host.describe(name)
    if isinstance(served, Failure):
        raise ParamsError(served.why)
    return Model(name, served)


Answering = Callable[[str, Request], Union[Answer, Failure, str]]
Scoring = Callable[[str, Scored], Union["list[Rating]", Failure]]


def answer_with(answering: Answering | None) -> None:
    """In a test: what answers requests, given the model's name and the request, one sample after the other. A `str` is the text
    of an answer. `None`: nobody."""
    global _answering
    _answering = answering


def score_with(scoring: Scoring | None) -> None:
    """In a test: what scores texts, given the model's name and the text. `None`: nobody."""
    global _scoring
    _scoring = scoring


_answering: Answering | None = None
_scoring: Scoring | None = None


class Host:
    """Who is asked. Outside a component: what a test says."""

    def describe(self, model: str) -> str | Failure:
        """What a model's server calls it."""
        return _nobody() if _answering is None and _scoring is None else model

    def generate(self, model: str, requests: list[Request], samples: int) -> list[Answer | Failure]:
        """One answer for each request and sample."""
        if _answering is None:
            return [_nobody() for _ in requests for _ in range(samples)]
        answers = [_answering(model, request) for request in requests for _ in range(samples)]
        return [Answer(answer) if isinstance(answer, str) else answer for answer in answers]

    def score(self, model: str, texts: list[Scored]) -> list[list[Rating] | Failure]:
        """The ratings of each text."""
        return [_nobody() if _scoring is None else _scoring(model, text) for text in texts]


def _nobody() -> Failure:
    return Failure("denied", "no test answers for models: `llm.answer_with` says what does")


host = Host()
