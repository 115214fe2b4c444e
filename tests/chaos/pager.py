"""Where do notices go that leave the house? To a pager on this machine, which says no now and then, and keeps ids."""

import base64
import secrets
from pathlib import Path

ROUTE = "pager"
_CHANNELS = """
format: 1
link: http://localhost:1
webhook:
  hosts:
    localhost:{port}:
      secret_files: [{secret}]
      plain_http: true
routes:
  pager:
    channel: webhook
    to: http://localhost:{port}/pager
"""


def channels(folder: Path, port: int) -> Path:
    """Write the file by which every notice goes to whoever listens at a port; return it."""
    file, secret = folder / "channels.yaml", folder / "pager_secret"
    if not file.exists():
        secret.touch(0o600)
        secret.write_text(f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}\n")
        file.write_text(_CHANNELS.format(port=port, secret=secret))
    return file
