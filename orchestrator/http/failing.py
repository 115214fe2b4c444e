"""A request failed in a way that nobody foresaw: where, and with what kind of error?"""

import logging
import traceback

_log = logging.getLogger(__name__)


def log_failure(error: Exception) -> None:
    """Say where it failed and with what kind of error; its text is left out, for it might hold a value."""
    frames = reversed(traceback.extract_tb(error.__traceback__)[-8:])
    places = " < ".join(f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in frames)
    _log.error("a request failed with %s at %s", type(error).__name__, places, extra={"event": "request-failed"})
