"""Is this the broker that is meant? Under TLS it must show a certificate of its name, whatever contents a library.

By itself the client of `rediss://` asks for no certificate, and that of `amqps://` for no name: whoever stands in
between would be given the password.
"""

import ssl
from typing import Any


def tls(url: str) -> dict[str, Any] | None:
    """Return what kombu is to ask of a broker at this address; None for one without TLS.

    Known authorities are the system's, or those of SSL_CERT_FILE; `?ssl_ca_certs=FILE` in an address of Redis names
    others.
    """
    match url.partition(":")[0]:
        case "rediss":
            return {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_check_hostname": True}
        case "amqps":
            return {"cert_reqs": ssl.CERT_REQUIRED, "server_hostname": None}  # None: kombu puts the address's there
        case _:
            return None
