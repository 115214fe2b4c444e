"""What does a route need of who asks it? Every route says so; one that does not is not served: deny by default."""

from collections.abc import Collection, Container, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from fastapi import Depends, FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts

from orchestrator.errors import NoRole, NotFound
from orchestrator.service.people.principal import Action, Principal

PRINCIPAL = "carepath.principal"
"""Who asks, in the scope of a request that was let in."""
AGAIN = "carepath.again"
"""There too: finds out anew who that is, or None, for an answer that takes long. It counts as no use of a session."""


def principal(request: Request) -> Principal:
    """Return who asks, as the guard let him in."""
    found: Principal = request.scope[PRINCIPAL]
    return found


def own_wards(found: Principal, asked: Collection[str]) -> frozenset[str] | None:
    """Return the wards whose lists somebody may see, None for all. Raises NotFound for one that is not among them.

    Who has none is told so too: no wards must never pass for all.
    """
    own = found.wards(Action.SEE)
    if own is not None and not (own and own.issuperset(asked)):
        raise NotFound("there is no such ward among yours")
    return own


def wards_shown(found: Principal, asked: Sequence[str]) -> tuple[str, ...]:
    """Return the wards whose lists are to be shown, those asked for or else all; empty for every ward. Raises NotFound.

    Whoever calls records the look.
    """
    own = own_wards(found, asked)
    return tuple(asked) if own is None else tuple(asked or sorted(own))


class Needs:
    """A route that needs somebody who may do this, on whatever ward. Raises NoRole."""

    def __init__(self, action: Action) -> None:
        self.action = action

    def __call__(self, request: Request) -> Any:  # noqa: ANN401  what a kind of it returns
        """Return who asks."""
        found = principal(request)
        if not found.may(self.action):
            raise NoRole(f"no role of yours, or no scope of your token, allows this: {self.action}")
        return found


def needs(action: Action) -> list[Any]:
    """Return the dependencies of a route that needs somebody who may do this."""
    return [Depends(Needs(action))]


class Served(NamedTuple):
    """A route as it is served, with all that the routers around it bring along.

    dependant: what it asks for before it answers; None for what is no route of ours, such as the API's description.
    """

    path: str
    methods: frozenset[str]
    dependant: Dependant | None


def served(app: FastAPI) -> list[Served]:
    """Return every route of an application. Its `routes` are no such list: a router in it stands there as one."""
    return [
        Served(each.path or "", frozenset(each.methods or ()), getattr(each, "dependant", None))
        for each in iter_route_contexts(app.routes)
    ]


def check_all(routes: Iterable[Served], public: Container[str]) -> None:
    """Raise AssertionError for a route that is not public and says nowhere what it needs. public: paths."""
    for route in routes:
        assert route.path in public or needs_of(route) is not None, route.path


def needs_of(route: Served) -> Needs | None:
    """Return what a route needs."""
    return next((each for each in calls(route) if isinstance(each, Needs)), None)


def calls(route: Served) -> Iterator[object]:
    """Yield what is called before a route answers, the route's own function first."""
    return iter(()) if route.dependant is None else _calls(route.dependant)


def _calls(dependant: Dependant) -> Iterator[object]:
    yield dependant.call
    for each in dependant.dependencies:
        yield from _calls(each)
