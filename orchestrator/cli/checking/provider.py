"""Does the hospital's own login answer? Nothing is said where none is set."""

from collections.abc import Iterator

from orchestrator.cli.checking import FAIL, OK, WARN, Line
from orchestrator.config import Settings
from orchestrator.errors import CarepathError, ProviderFailed


def provider(settings: Settings) -> Iterator[Line]:
    """Yield how the provider of OpenID Connect is."""
    from orchestrator.entrance import open_provider  # noqa: PLC0415  not for --help

    provider = open_provider(settings.openid)
    if provider is None:
        return
    try:
        provider.check()
    except ProviderFailed as error:
        yield Line(WARN, "provider", f"{error}; until it does as it should, people sign in with their passwords")
    except CarepathError as error:
        yield Line(FAIL, "provider", str(error))
    else:
        yield Line(OK, "provider", f"{provider.issuer} answers; whether it knows us shows when somebody comes")
