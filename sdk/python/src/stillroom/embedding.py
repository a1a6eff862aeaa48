"""Vectors of texts, made by models that the host asks.

A step that asks needs `imports = ["embedding"]` under `[tool.stillroom]` in its `pyproject.toml`, and a pipeline has to grant it,
with the models that it declares. In a test `embed_with` says what is answered.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Union

from .fault import ParamsError
from .llm import Failure

__all__ = ["Failure", "Host", "Model", "embed_with", "model"]


@dataclass(frozen=True)
class Model:
    """A model that may be asked: `model("small")` makes one."""

    name: str
    """What the pipeline calls it."""
    served: str
    """What its server calls it."""

    def embed(self, texts: Sequence[str]) -> list[array[float] | Failure]:
        """For each text its vector, an `array.array("f")`, or why there is none."""
        if isinstance(texts, str):
            raise TypeError("`embed` takes a list of texts")
        return host.embed(self.name, list(texts))


def model(name: str) -> Model:
    """The model of a name. `ParamsError` where the pipeline does not declare it, or the plugin may not ask it: for `open` and
    `__init__`, so that this is told before a row moves."""
    served = host.describe(name)
    if isinstance(served, Failure):
        raise ParamsError(served.why)
    return Model(name, served)


Embedding = Callable[[str, str], Union[Iterable[float], Failure]]


def embed_with(embedding: Embedding | None) -> None:
    """In a test: what makes vectors, given the model's name and the text. `None`: nobody."""
    global _embedding
    _embedding = embedding


_embedding: Embedding | None = None


class Host:
    """Who is asked. Outside a component: what a test says."""

    def describe(self, model: str) -> str | Failure:
        """What a model's server calls it."""
        return _nobody() if _embedding is None else model

    def embed(self, model: str, texts: list[str]) -> list[array[float] | Failure]:
        """A vector for each text."""
        made = [_nobody() if _embedding is None else _embedding(model, text) for text in texts]
        return [vector if isinstance(vector, Failure) else array("f", vector) for vector in made]


def _nobody() -> Failure:
    return Failure("denied", "no test answers for models: `embedding.embed_with` says what does")


host = Host()
