"""Goal: a process that cannot listen says why in one line, and what to do; nothing is left running or opened."""

import socket

import pytest

from tests.integration.cli.conftest import Terminal

NOBODYS = "192.0.2.1"
"""An address that is kept for documents: no machine has it."""
NO_NAME = "x" * 64
"""Longer than a name may be: nobody need be asked."""


@pytest.mark.parametrize("command", ["api", "up"])
def test_a_port_that_is_taken(terminal: Terminal, command: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = terminal(command, "--port", port)
    assert (said.code, said.out) == (2, "")
    assert said.line.startswith(f"port {port} is in use: choose another with --port")


@pytest.mark.parametrize("command", ["api", "up"])
@pytest.mark.parametrize(
    ("host", "says"),
    [(NOBODYS, f"cannot listen on {NOBODYS} port 0: "), (NO_NAME, f"there is no host '{NO_NAME}'")],
)
def test_a_host_that_is_not_this_machine(terminal: Terminal, command: str, host: str, says: str) -> None:
    said = terminal(command, "--host", host, "--port", "0")
    assert (said.code, said.out) == (2, "")
    assert said.line.startswith(says)


def test_figures_for_which_there_are_no_three_ports(terminal: Terminal) -> None:
    said = terminal("up", "--port", "0", "--metrics", "65534")
    assert (said.code, said.out) == (2, "")
    assert "the two ports after it: name one up to 65533" in said.line
