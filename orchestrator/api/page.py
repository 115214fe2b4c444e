"""Which styles may a page of ours apply? Its own alone, named by their hash; nothing else is loaded or run."""

import base64
import hashlib
import re

_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


def headers_for(page: str) -> dict[str, str]:
    """Return the headers of a page that is complete in itself: no script, no image or font from elsewhere.

    Whatever is written into a page is escaped, so that its style elements are those of its template.
    """
    styles = " ".join(f"'sha256-{_digest(each)}'" for each in _STYLE.findall(page)) or "'none'"
    rest = "img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    return {"Content-Security-Policy": f"default-src 'none'; style-src {styles}; {rest}"}


def _digest(style: str) -> str:
    return base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
