"""With what may a route refuse? The part of its description that says so, in one place for all routes."""

from collections.abc import Mapping
from typing import Any

from orchestrator.api.answers import ProblemDetails

Answers = dict[int | str, dict[str, Any]]
_NO_STORE = {503: "The store is busy or cannot be used. Ask again."}
_NO_PARAMETER = {422: "A parameter does not fit."}
_NO_COMMAND = {
    400: "Not JSON, or a header is missing.",
    415: "The body is not JSON.",
    422: "It does not fit.",
    **_NO_STORE,
}


def told(texts: Mapping[int, str]) -> Answers:
    """Return an answer for each status, with what it means there and the shape of a problem."""
    return {status: {"model": ProblemDetails, "description": text} for status, text in sorted(texts.items())}


def reading(texts: Mapping[int, str] | None = None) -> Answers:
    """Return what a route that reads may refuse with.   texts: beside or instead of what every one of them has."""
    return told(_NO_STORE | dict(texts or {}))


def listing(texts: Mapping[int, str] | None = None) -> Answers:
    """Return what a route with parameters that reads may refuse with."""
    return reading(_NO_PARAMETER | dict(texts or {}))


def commanding(texts: Mapping[int, str]) -> Answers:
    """Return what a route that changes something may refuse with."""
    return told(_NO_COMMAND | dict(texts))
