"""How is the store that the settings name made and opened, with the pathways' files and the channels beside it?"""

from dataclasses import replace
from zoneinfo import ZoneInfo

from orchestrator.bootstrap.channels import ChannelsFile
from orchestrator.bootstrap.system import System, assemble
from orchestrator.clock import Clock
from orchestrator.config import SettingError, Settings
from orchestrator.errors import StoreError
from orchestrator.notify.reading import Outside, read_channels
from orchestrator.pathway.loader import Library, load_library
from orchestrator.service.people.halfway import EVERYBODY
from orchestrator.store import opening, server
from orchestrator.store.opening import Simulation


def open_library(settings: Settings) -> Library:
    """Return the pathway files, with the hospital's local values. Raises PathwayErrors, with file and line."""
    return load_library(settings.workflows, settings.local_file)


def prepare_store(settings: Settings, simulation: Simulation | None = None) -> Simulation | None:
    """Make the store and its keys where they are not there, and bring the schema up to date; return its simulation.

    A simulated store is made where `simulation` says as what, and else only brought up to date. Raises StoreError.
    """
    if settings.simulated and simulation is None:
        simulation = _born(settings)
    see_to_home(settings)
    opening.prepare(settings.database_url, settings.keys, simulation)
    return simulation


def open_system(settings: Settings, past: Clock | None = None) -> System:
    """Open the store that `prepare_store` has made. Raises StoreError or PathwayError. past: see `opening`.

    A faulty file of channels keeps nobody from it: see `System.channels`.
    """
    library, zone = open_library(settings), ZoneInfo(settings.timezone)
    _check_roles(settings, library)
    file = ChannelsFile(lambda: read_outside(settings, library, files=False))
    opened = opening.open_store(there(settings).database_url, settings.keys, past, settings.database_patience)
    if opened.simulation is not None:
        file = ChannelsFile(lambda: None)  # nobody may be called to a patient who does not exist
    system = assemble(
        opened.store, opened.keyring, library, opened.clock, opened.simulation, released_only=settings.released_only,
        outside=file.begin(), zone=zone, form=opened.format,
        second_factor=settings.second_factor,
    )  # fmt: skip
    file.lead, file.hurry = lambda outside: system.lead(outside, zone), system.hurry
    system = replace(system, channels=file)
    system.duty.reach.refresh()
    return system


def open_to_run(settings: Settings) -> System:
    """Open the store for a process that serves or works. Raises VersionChanged besides: a version is never changed.

    Raises StoreError where the database may lose what it was given, but for a simulated store. Clocks open it without:
    whatever the files say, and however the server is set, the timers of the patients who are there go on.
    """
    system = open_system(settings)
    try:
        check_durable(settings, system)
        system.check_versions()
    except BaseException:
        system.close()
        raise
    return system


def read_outside(settings: Settings, library: Library, *, files: bool = True) -> Outside | None:
    """Return what the file of channels says; None where there is none. Raises PathwayErrors, with file and line.

    files: whether secrets and authorities are read too; whoever only tells needs none of them.
    """
    if settings.channels is None:
        return None
    return read_channels(settings.channels, library.roles, files=files)


def check_durable(settings: Settings, system: System) -> None:
    """Raise StoreError where the database of a real store is set so that it may lose what was committed."""
    if settings.database_file is None and not system.simulated:
        server.check_durable(settings.database_url)


def _check_roles(settings: Settings, library: Library) -> None:
    """Raise SettingError where a second factor is required of a role that nobody can have: it would protect none."""
    unknown = sorted(settings.second_factor - {*library.roles, EVERYBODY})
    if unknown:
        there = ", ".join(sorted(library.roles))
        raise SettingError(f"CAREPATH_SECOND_FACTOR: there is no role '{unknown[0]}'; known are {there}, or all")


def _born(settings: Settings) -> Simulation:
    file = settings.database_file
    found = None if file is not None and not file.exists() else opening.born(settings.database_url)
    if found is None:
        where = settings.database_name
        raise StoreError(f"there is no simulated store at {where} yet: carepath up --simulated makes one")
    return found


def there(settings: Settings) -> Settings:
    """Return the settings. Raises StoreError where they name a file that is not there: to open it would make it."""
    file = settings.database_file
    if file is not None and not file.exists():
        raise StoreError(f"there is no store at {file} yet: run carepath up, or carepath db upgrade")
    return settings


def see_to_home(settings: Settings) -> None:
    """Make the home for its owner alone where the store is to lie in it; one that is there stays as it is."""
    home, file = settings.home, settings.database_file
    if file is None or home not in file.parents:
        return
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        why = f"{error.strerror}; choose another with CAREPATH_HOME"
        raise StoreError(f"the folder {home} cannot be made: {why}") from None
