"""Where is a Chromium? The machine's own, by path; without one these tests are skipped, save in CI, where they fail."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

VARIABLE = "CAREPATH_CHROMIUM"
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--force-color-profile=srgb", "--font-render-hinting=none",
]  # fmt: skip
MISSING = (
    f"NO CHROMIUM: nothing is tried in a browser. On Debian: apt-get install chromium; or name one with {VARIABLE}."
)


def path() -> str | None:
    """Return where the browser is; None where there is none."""
    named = os.environ.get(VARIABLE)
    return named or next((found for name in _NAMES if (found := shutil.which(name))), None)


def require() -> str:
    """Return where the browser is; skip the test where there is none, and fail it in CI."""
    found = path()
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    return found


@contextmanager
def running(executable: str) -> Iterator["Browser"]:
    """Run the browser, without a window."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=_ARGUMENTS)
        yield browser
        browser.close()
