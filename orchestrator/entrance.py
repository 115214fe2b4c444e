"""By whom else do people come in? The hospital's provider of OpenID Connect, where the settings name one."""

from orchestrator.config import OpenIdSettings, SettingError
from orchestrator.identity.openid import OpenId, client_secret
from orchestrator.service.people.provider import Provider


def open_provider(settings: OpenIdSettings | None) -> Provider | None:
    """Return the provider; None where there is none. It is asked when somebody comes, and not before."""
    return None if settings is None else OpenId(settings)


def provider_fault(settings: OpenIdSettings | None) -> str:
    """Return what on this machine keeps everybody from coming in by the provider, in one line; empty for nothing."""
    try:
        if settings is not None:
            client_secret(settings)
    except SettingError as error:
        return str(error)
    return ""
