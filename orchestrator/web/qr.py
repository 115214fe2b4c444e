"""How does a text become a QR code? As one path of black modules, for the SVG of a template that escapes everything."""

from typing import NamedTuple

import segno

_MARGIN = 4  # what readers want around it


class QrCode(NamedTuple):
    """size: of the square, in modules.   path: the black ones, as SVG's path data."""

    size: int
    path: str


def qr_code(text: str) -> QrCode:
    """Return a QR code that can be read with an eighth of it covered."""
    rows = segno.make(text, error="m", micro=False).matrix
    dark = [
        f"M{_MARGIN + x} {_MARGIN + y}h1v1h-1z" for y, row in enumerate(rows) for x, module in enumerate(row) if module
    ]
    return QrCode(len(rows) + 2 * _MARGIN, "".join(dark))
