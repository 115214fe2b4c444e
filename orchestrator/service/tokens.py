"""What is kept of a random token? A plain hash: it is random and so long that nobody finds it by trying."""

import hashlib


def token_hash(token: str) -> bytes:
    """Return SHA-256 of a token, 32 bytes. Whatever was sent in its place has a hash too."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
