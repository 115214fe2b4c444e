"""Which styles may a page of ours apply? Its own alone, named by their hash; nothing else is loaded or run."""

import base64
import hashlib
import re

_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


def headers_for(page: str) -> dict[str, str]:
    """Return the headers of a page that is complete in itself: no script, no image or font from elsewhere.

    Its first style element is that of the template; one that came in with a text would not be applied.
    """
    first = _STYLE.search(page)
    styles = "'none'" if first is None else f"'sha256-{_digest(first[1])}'"
    rest = "img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    return {"Content-Security-Policy": f"default-src 'none'; style-src {styles}; {rest}"}


def _digest(style: str) -> str:
    return base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
