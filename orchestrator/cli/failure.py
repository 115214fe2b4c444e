"""How does the command line say no? One line on standard error that says what to do, and an exit code.

Of faulty pathway files it says every fault, one a line, and how many in the last.
0: done, or all holds.   1: refused, or a check found something.   2: what was given cannot be used,
or the store cannot.   3: a defect of carepath.   130: interrupted.
"""

import os
import sys
import traceback
from collections.abc import Callable, Sequence

import click

from orchestrator.errors import CarepathError, Conflict, PathwayError, PathwayErrors

DONE, REFUSED, UNUSABLE, DEFECT, INTERRUPTED = 0, 1, 2, 3, 130
SIGNALLED = 128
"""Added to its number when a signal ended the program."""
_LONGEST = 600


class Failed(Exception):  # noqa: N818  an answer, not an error
    """Ends a command that was refused or found something; what there is to show has been shown."""

    def __init__(self, text: str, code: str, exit_code: int = REFUSED) -> None:
        super().__init__(text)
        self.code, self.exit_code = code, exit_code


class Faulty(Failed):
    """Ends a command that found faults in pathway files; its text says how many and where."""

    def __init__(self, faults: Sequence[PathwayError], where: str, exit_code: int = UNUSABLE) -> None:
        many = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        super().__init__(f"{many} in {where}", PathwayError.code, exit_code)
        self.faults = tuple(faults)


def guarded(work: Callable[[], object], *, as_json: bool) -> int:
    """Do the work and return the exit code; whatever it raises is told in one line."""
    try:
        made = work()
    except (BrokenPipeError, SystemExit):
        raise
    except (Exception, KeyboardInterrupt) as error:
        if isinstance(error, PathwayErrors) and len(error.faults) > 1:
            error = Faulty(error.faults, "the pathway files")
        text, code, exit_code = _said(error)
        tell(text, code, as_json=as_json, faults=error.faults if isinstance(error, Faulty) else ())
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


def tell(text: str, code: str, *, as_json: bool, faults: Sequence[PathwayError] = ()) -> None:
    """Write one line to standard error, with each fault of pathway files on a line of its own before it."""
    line = _line(text)
    if as_json:
        import orjson  # noqa: PLC0415  not for --help

        listed = [{"file": each.file, "line": each.line, "what": each.what, "mend": each.hint} for each in faults]
        error = {"code": code, "text": line} | ({"faults": listed} if listed else {})
        click.echo(orjson.dumps({"error": error}).decode(), err=True)
        return
    for each in faults:
        click.echo(_line(str(each)), err=True)
    click.echo(f"carepath: {line}", err=True)


def _line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


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
