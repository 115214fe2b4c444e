"""What every test may ask for; and what must not go unnoticed at the end."""

import gc
import os

import pytest
from hypothesis import HealthCheck, settings

from tests.browser import chromium
from tests.memory import quickest_folder

pytest_plugins = ["tests.servers.fixtures"]
# How long an example takes, or its making, says how busy the machine is, and nothing of what is tried.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")
# Where the folders of tests lie, unless somebody has said so: half of an SQLite store's time is waiting for the disk.
os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", quickest_folder())


def pytest_collection_finish() -> None:
    """Have the collector pass over seven thousand tests and all that they import, as processes that stay do."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say it loudly where nothing was tried in a browser."""
    skipped = terminalreporter.stats.get("skipped", [])
    if any(chromium.MISSING in str(report.longrepr) for report in skipped):
        terminalreporter.write_line(chromium.MISSING, red=True, bold=True)
