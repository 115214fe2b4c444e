"""Does time pass, and is what it brings done? Processes run, the clock is right, and nothing that is due waits."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from orchestrator.cli.checking import FAIL, OK, WARN, Line, at, lateness
from orchestrator.saying import counted

if TYPE_CHECKING:
    from orchestrator.bootstrap import Health, System

_SKEW, _MUCH_SKEW = timedelta(seconds=1), timedelta(seconds=5)


def processes(system: "System") -> Line:
    """Return which processes run, and whether an upgrade goes on."""
    from orchestrator.service.presence import named  # noqa: PLC0415  not for --help

    rows = system.presence.running()
    older = system.presence.older(rows)
    if older:
        return Line(WARN, "processes", f"of an older version run {named(older)}: replace them, one after the other")
    if system.presence.unfinished():
        return Line(WARN, "processes", "an upgrade is not finished: carepath db finish, once all processes are new")
    return Line(OK, "processes", f"there run {named(rows)}" if rows else "none runs")


def clock(found: "Health", seen_at: datetime | None) -> Line:
    """Return whether the machine's clock agrees with the store's, and with what was seen before.

    seen_at: the wall time before which clocks hold all firing; None for none.
    """
    from orchestrator.service.pulse import TOLD_WRONG  # noqa: PLC0415  not for --help

    skew = abs(found.skew)
    if found.last_entry_at is not None and found.last_entry_at > found.times.now + _SKEW:
        return Line(
            FAIL, "clock", f"the last entry lies in the future, at {at(found.last_entry_at)}: set the clock right"
        )
    if seen_at is not None and seen_at > found.times.wall + _MUCH_SKEW:
        behind = f"the wall clock stands before {at(seen_at)}, which was seen, and nothing fires"
        return Line(FAIL, "clock", f"{behind}: set it right; if it is right, {TOLD_WRONG}")
    if skew > _SKEW:
        level = FAIL if skew > _MUCH_SKEW else WARN
        return Line(level, "clock", f"this machine and the store part by {skew.total_seconds():.0f} s: see to NTP")
    return Line(OK, "clock", f"{at(found.times.now)} by the store")


def ticking(found: "Health") -> Line:
    """Return whether a clock process looks after the timers."""
    from orchestrator.service.rows import UNHEARD  # noqa: PLC0415  not for --help

    seen = found.seen_at
    if seen is not None and found.times.wall - seen <= UNHEARD:
        return Line(OK, "ticking", "a clock process looks after the timers")
    since = "ever looked" if seen is None else f"looked since {at(seen)}"
    level = FAIL if found.due else WARN
    return Line(level, "ticking", f"no clock process has {since}: run carepath up, or clock")


def timers(found: "Health", factor: int) -> Line:
    """Return what is due and waits. factor: how many times as fast as the wall the store's clock runs."""
    if found.oldest_due is None:
        return Line(OK, "timers", "nothing that is due waits")
    level = lateness((found.times.now - found.oldest_due) / factor)
    text = f"{counted(found.due, 'episode')} with a timer that is to fire, the oldest due {at(found.oldest_due)}"
    return Line(level, "timers", text if level == OK else f"{text}: see that clock and worker run")


def set_aside(found: "Health") -> Line:
    """Return which episodes cannot fire."""
    if not found.set_aside:
        return Line(OK, "set aside", "no episode is set aside")
    named = ", ".join(f"{each.episode_id} ({counted(each.attempts, 'try')})" for each in found.stuck)
    return Line(
        FAIL,
        "set aside",
        f"{counted(found.set_aside, 'episode')} cannot fire; look after these patients by hand: {named}",
    )
