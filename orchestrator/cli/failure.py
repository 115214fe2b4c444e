"""How does the command line say no? One line on standard error that says what to do, and an exit code.

0: done, or all holds.   1: refused, or a check found something.   2: what was given cannot be used,
or the store cannot.   3: a defect of carepath.   130: interrupted.
"""

import os
import sys
import traceback
from collections.abc import Callable

import click

from orchestrator.errors import CarepathError, Conflict

DONE, REFUSED, UNUSABLE, DEFECT, INTERRUPTED = 0, 1, 2, 3, 130
_LONGEST = 600


class Failed(Exception):  # noqa: N818  an answer, not an error
    """Ends a command that was refused or found something; what there is to show has been shown."""

    def __init__(self, text: str, code: str, exit_code: int = REFUSED) -> None:
        super().__init__(text)
        self.code, self.exit_code = code, exit_code


def guarded(work: Callable[[], object], *, as_json: bool) -> int:
    """Do the work and return the exit code; whatever it raises is told in one line."""
    try:
        made = work()
    except (BrokenPipeError, SystemExit):
        raise
    except (Exception, KeyboardInterrupt) as error:
        text, code, exit_code = _said(error)
        tell(text, code, as_json=as_json)
        return exit_code
    return made if isinstance(made, int) and not isinstance(made, bool) else DONE


def _said(error: BaseException) -> tuple[str, str, int]:
    """Return what is said of an error, its stable code, and the exit code."""
    match error:
        case Failed():
            return str(error), error.code, error.exit_code
        case CarepathError():
            return str(error), error.code, REFUSED if isinstance(error, Conflict) else UNUSABLE
        case click.ClickException():
            return _usage(error), "invalid-request", UNUSABLE
        case KeyboardInterrupt() | click.Abort():
            return "interrupted", "interrupted", INTERRUPTED
        case _:
            return _defect(error), "defect", DEFECT


def tell(text: str, code: str, *, as_json: bool) -> None:
    """Write one line to standard error."""
    line = " ".join(text.split())
    line = line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
    if as_json:
        import orjson  # noqa: PLC0415  not for --help

        line = orjson.dumps({"error": {"code": code, "text": line}}).decode()
    else:
        line = f"carepath: {line}"
    click.echo(line, err=True)


def _usage(error: click.ClickException) -> str:
    said = error.format_message().rstrip(".")
    context = getattr(error, "ctx", None)
    return said if context is None else f"{said}; see {context.command_path} --help"


def _defect(error: BaseException) -> str:
    """Say where it failed and with what kind of error; its text is left out, for it might hold a patient's value."""
    if os.environ.get("CAREPATH_DEBUG"):
        traceback.print_exc(file=sys.stderr)
    place = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{os.path.basename(place.filename)}:{place.lineno}"  # noqa: PTH119
    return f"a defect of carepath: {type(error).__name__} at {where}; report it (CAREPATH_DEBUG=1 shows more)"
