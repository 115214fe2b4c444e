"""What does a route need of who asks it? Every route says so; one that does not is not served: deny by default."""

from collections.abc import Container, Iterator, Sequence
from typing import Any

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from orchestrator.errors import NotAllowed
from orchestrator.service.people.principal import Action, Principal

PRINCIPAL = "carepath.principal"
"""Who asks, in the scope of a request that was let in."""


def principal(request: Request) -> Principal:
    """Return who asks, as the guard let him in."""
    found: Principal = request.scope[PRINCIPAL]
    return found


class Needs:
    """A route that needs somebody who may do this, on whatever ward. Raises NotAllowed."""

    def __init__(self, action: Action) -> None:
        self.action = action

    def __call__(self, request: Request) -> Any:  # noqa: ANN401  what a kind of it returns
        """Return who asks."""
        found = principal(request)
        if not found.may(self.action):
            raise NotAllowed(f"no role of yours, or no scope of your token, allows this: {self.action}")
        return found


def needs(action: Action) -> list[Any]:
    """Return the dependencies of a route that needs somebody who may do this."""
    return [Depends(Needs(action))]


def check_all(routes: Sequence[object], public: Container[str]) -> None:
    """Raise AssertionError for a route that is not public and says nowhere what it needs. public: paths."""
    for route in routes:
        if isinstance(route, APIRoute) and route.path not in public:
            assert needs_of(route) is not None, route.path


def needs_of(route: APIRoute) -> Needs | None:
    """Return what a route needs."""
    return next((each for each in _calls(route.dependant) if isinstance(each, Needs)), None)


def _calls(dependant: Dependant) -> Iterator[object]:
    yield dependant.call
    for each in dependant.dependencies:
        yield from _calls(each)
