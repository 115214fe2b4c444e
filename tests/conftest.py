"""What every test may ask for; and what must not go unnoticed at the end."""

import pytest
from hypothesis import HealthCheck, settings

from tests.browser import chromium

pytest_plugins = ["tests.servers.fixtures"]
# How long an example takes, or its making, says how busy the machine is, and nothing of what is tried.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say it loudly where nothing was tried in a browser."""
    skipped = terminalreporter.stats.get("skipped", [])
    if any(chromium.MISSING in str(report.longrepr) for report in skipped):
        terminalreporter.write_line(chromium.MISSING, red=True, bold=True)
