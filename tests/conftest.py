"""What every test may ask for; and what must not go unnoticed at the end."""

import pytest

from tests.browser import chromium

pytest_plugins = ["tests.servers.fixtures"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say it loudly where nothing was tried in a browser."""
    skipped = terminalreporter.stats.get("skipped", [])
    if any(chromium.MISSING in str(report.longrepr) for report in skipped):
        terminalreporter.write_line(chromium.MISSING, red=True, bold=True)
