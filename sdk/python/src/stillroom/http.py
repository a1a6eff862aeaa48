"""Requests over HTTP, made by the host.

A step that asks needs `imports = ["http"]` under `[tool.stillroom]` in its `pyproject.toml`, and a pipeline has to grant the
hosts and methods. In a test `answer_with` says what is answered.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Request:
    """A request. Headers that say how it travels (`host`, `content-length` and their like) are the host's."""

    method: str
    url: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    timeout: float | None = None
    """Seconds that it may take; never longer than the grant and what is left of the call allow."""


@dataclass
class Response:
    """An answer, whatever its status says."""

    status: int
    url: str = ""
    """Where it came from in the end."""
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    def text(self) -> str:
        """The body as UTF-8."""
        return self.body.decode()

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class HttpError(Exception):
    """There is no answer. `kind`: `denied`, `invalid`, `timeout`, `too-large` or `failed`."""

    def __init__(self, kind: str, why: str) -> None:
        super().__init__(f"{kind}: {why}")
        self.kind = kind


def fetch(request: Request) -> Response:
    """Makes a request and waits for its answer; `HttpError` where there is none."""
    return transport(request)


def get(url: str, headers: Mapping[str, str] | None = None, timeout: float | None = None) -> Response:
    """Gets what is at a URL."""
    return fetch(Request("GET", url, list((headers or {}).items()), timeout=timeout))


def post(url: str, body: bytes, headers: Mapping[str, str] | None = None, timeout: float | None = None) -> Response:
    """Posts something to a URL."""
    return fetch(Request("POST", url, list((headers or {}).items()), body, timeout))


def answer_with(answer: Callable[[Request], Response]) -> None:
    """In a test: what requests are answered with. It may raise `HttpError`."""
    global transport
    transport = answer


def _nobody(request: Request) -> Response:
    raise HttpError("failed", "outside a component there is no host to ask; a test says `http.answer_with(…)`")


transport: Callable[[Request], Response] = _nobody
"""Who is asked."""
