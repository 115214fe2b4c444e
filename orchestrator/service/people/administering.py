"""Whose account may an administrator look after? Who works on wards alone that he administers; on all for `*`.

An administrator of one ward gives and takes posts on that ward, to whomever, but none to himself; makes accounts with
posts there; and resets, ends and changes the accounts of people who have posts nowhere else. An account without a post
is the house's: who made its password would come in by it once another ward gives it one.

Who has no account is bounded by nothing: the administrator's token, and whoever may read the store at a terminal.
"""

from collections.abc import Collection

from orchestrator.errors import NotAllowed
from orchestrator.service.people.principal import ADMINISTRATOR, EVERYWHERE, Action, Principal
from orchestrator.service.ports import Reader

Post = tuple[str, str]
"""Ward and role."""
Wards = frozenset[str] | None
_ELSEWHERE = (
    "this account is not of your wards alone: an administrator of each of them, or of all wards, looks after it"
)


def administered(reader: Reader, actor_id: str) -> Wards:
    """Return the wards that somebody administers; None for all."""
    if reader.person(actor_id) is None:
        return None
    there = {post.ward for post in reader.posts(actor_id) if post.role == ADMINISTRATOR}
    return None if EVERYWHERE in there else frozenset(there)


def is_within(wards: Wards, posts: Collection[str]) -> bool:
    """Tell whether who administers these wards looks after an account with posts on those."""
    return wards is None or (bool(posts) and wards.issuperset(posts))


def looks_after(principal: Principal, person_id: str, posts: Collection[str]) -> bool:
    """Tell whether somebody may look after an account, with posts on these wards, or it is his own."""
    own = person_id == principal.actor_id
    return own or (principal.may(Action.PEOPLE) and is_within(principal.wards(Action.PEOPLE), posts))


def check_account(reader: Reader, actor_id: str, person_id: str) -> None:
    """Raise NotAllowed unless this actor looks after an account, or it is his own; an ended one is everybody's."""
    person = reader.person(person_id)
    if person_id == actor_id or person is None or person.ended_at is not None:
        return
    if not is_within(administered(reader, actor_id), [post.ward for post in reader.posts(person_id)]):
        raise NotAllowed(_ELSEWHERE)


def check_posts(reader: Reader, actor_id: str, person_id: str, posts: Collection[Post]) -> None:
    """Raise NotAllowed unless this actor may let an account hold these posts and no others. person_id: empty if new."""
    wards = administered(reader, actor_id)
    if wards is None:
        return
    held = {(post.ward, post.role) for post in reader.posts(person_id)} if person_id else set[Post]()
    if not person_id and not posts:
        raise NotAllowed("give the account a post on a ward of yours: without one it would be nobody's to look after")
    if any(ward not in wards for ward, _ in (held ^ set(posts)) or held):
        raise NotAllowed("you give and take posts on the wards alone that you administer")
    if person_id == actor_id and set(posts) - held:
        raise NotAllowed("nobody but an administrator of all wards gives a post to himself: ask another administrator")
