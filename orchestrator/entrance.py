"""By whom else do people come in? The hospital's provider of OpenID Connect, where the settings name one."""

from orchestrator.config import OpenIdSettings
from orchestrator.identity.openid import OpenId
from orchestrator.service.people.provider import Provider


def open_provider(settings: OpenIdSettings | None) -> Provider | None:
    """Return the provider; None where there is none. It is asked when somebody comes, and not before."""
    return None if settings is None else OpenId(settings)
