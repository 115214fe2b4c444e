"""Who else vouches for people? The hospital's provider of OpenID Connect: what is asked of it, what it answers."""

from typing import NamedTuple, Protocol


class Trip(NamedTuple):
    """What one journey of a browser to the provider and back is known by. back: the address to which it returns.

    state: told to the provider and told back; ties the answer to the browser that was sent.   nonce: stands in the
    token; ties the token to the journey.   verifier: proves to the provider that who fetches the token set out (PKCE).
    """

    state: str
    nonce: str
    verifier: str
    back: str


class Came(NamedTuple):
    """With what a browser came back: a code to be changed into a token, or an error's code.

    issuer: who answers, as he says himself (RFC 9207); empty where he does not.
    """

    code: str
    issuer: str
    error: str


class Provider(Protocol):
    """A provider. What of it cannot be reached or is not as it should be raises ProviderFailed, in one line."""

    @property
    def issuer(self) -> str:
        """Return its address, by which its identities are told from others'."""
        ...

    @property
    def label(self) -> str:
        """Return what people call it."""
        ...

    def away(self, trip: Trip) -> str:
        """Return the address to which a browser is sent to sign in. Raises ProviderFailed."""
        ...

    def subject(self, trip: Trip, came: Came) -> str:
        """Return whom the provider vouches for: its own opaque name for that person. Raises ProviderFailed.

        Nothing is believed that is not signed by the provider's own key, for us, for this journey, and just now.
        """
        ...

    def check(self) -> None:
        """Ask what it says of itself, even if it was asked lately, and read the client's secret.

        Raises ProviderFailed, and SettingError for a secret that cannot be read.
        """
        ...

    def farewell(self, back: str) -> str:
        """Return where a browser is sent to sign out there too; empty where there is no such address."""
        ...
