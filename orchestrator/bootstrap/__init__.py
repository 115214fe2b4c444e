"""How does everything come together? The composition root: the only package that knows every adapter.

Faces and workers take from here, and from none of its files, what is named below.
Importing it costs half a second (SQLAlchemy); faces that answer without a store import it when they need it.
"""

from orchestrator.bootstrap.staying import (
    guard_once,
    guard_time,
    lookout,
    settle_memory,
    stay_present,
    watch_channels,
    watch_time,
)
from orchestrator.bootstrap.stores import (
    check_durable,
    open_library,
    open_system,
    open_to_run,
    prepare_store,
    read_outside,
)
from orchestrator.bootstrap.system import System, assemble
from orchestrator.bootstrap.throwaway import prove, stage, throwaway_system
from orchestrator.bootstrap.upkeep import (
    back_up_keys,
    back_up_store,
    check_ready,
    examine,
    examine_server,
    figures,
    restore_store,
    rewrap_keys,
    rotate_keys,
    sqlite_version,
)
from orchestrator.bootstrap.warning import warn
from orchestrator.service.repeated import Repeated
from orchestrator.service.rows import Figures
from orchestrator.store.health import Health
from orchestrator.store.opening import Simulation
from orchestrator.store.server import Finding

__all__ = [
    "Figures", "Finding", "Health", "Repeated", "Simulation", "System", "assemble", "back_up_keys", "back_up_store",
    "check_durable", "check_ready", "examine", "examine_server", "figures", "guard_once", "guard_time", "lookout",
    "open_library", "open_system", "open_to_run", "prepare_store", "prove", "read_outside", "restore_store",
    "rewrap_keys", "rotate_keys", "settle_memory", "sqlite_version", "stage", "stay_present", "throwaway_system",
    "warn", "watch_channels", "watch_time",
]  # fmt: skip
