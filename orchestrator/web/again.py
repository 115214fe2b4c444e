"""Is it still the person who signed in? Before what cannot be undone the own password is asked once more."""

from fastapi import Request

from orchestrator.errors import InputError, NotSignedIn
from orchestrator.http.needs import principal
from orchestrator.http.serving import serving, system_of
from orchestrator.web.forms import Form
from orchestrator.web.signing import check_unread

_SLOW_DOWN = "too many wrong passwords or numbers came from you: wait a minute and try again"


def check_again(request: Request, password: str) -> None:
    """Raise NotSignedIn unless this is the password of who asks; who guesses is slowed down."""
    check_unread(request)
    check_pace(request)
    system = system_of(request)
    try:
        system.signing.check_password(principal(request), password)
    except NotSignedIn:
        count_failure(request)
        raise


def check_own(request: Request, password: str) -> None:
    """Do the same with who has a password; who comes in by a provider alone has none to type. Raises NotSignedIn."""
    if has_password(request):
        check_again(request, password)


def has_password(request: Request) -> bool:
    """Tell whether who asks can sign in with a password."""
    found: bool = system_of(request).people.person(principal(request).actor_id)["signs_in"]
    return found


def code_of(form: Form) -> str:
    """Return the code that was typed, of the app or for its loss. Raises InputError for none: that is no guess."""
    found = form["code"] or form["recovery"]
    if not found:
        raise InputError("type the six digits that the app shows, or a recovery code")
    return found


def check_pace(request: Request) -> None:
    """Raise NotSignedIn where this person guessed too much of late; nobody else at the same address is kept waiting."""
    failures = serving(request).failures
    if failures.waits(principal(request).actor_id):
        raise NotSignedIn(_SLOW_DOWN)


def count_failure(request: Request) -> None:
    """Count a wrong guess of this person."""
    failures = serving(request).failures
    failures.add(principal(request).actor_id)
