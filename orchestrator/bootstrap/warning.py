"""How does a person learn that somebody else changed the own way in? By every channel that the person chose."""

from orchestrator.bootstrap.system import System
from orchestrator.notify.channel import Result


def warn(system: System, person_id: str, kind: str) -> int:
    """Tell a person by the own channels that something of this kind was done; return how many took it.

    It is on record whatever becomes of that, and the pages say it at the next signing in.
    """
    ways = system.duty.contacts.of(person_id)
    sent = [system.post.say(kind, each["channel"], each["address"], system.clock.now()) for each in ways]
    return sum(each.result is Result.DELIVERED for each in sent)
