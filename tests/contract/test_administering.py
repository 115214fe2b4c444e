"""Goal: an administrator of one ward comes to no other by way of accounts; of two at once none comes further."""

from collections.abc import Callable

import pytest

from orchestrator.errors import Conflict, NotAllowed
from orchestrator.service.people.accounts import People
from orchestrator.service.people.linking import Linking
from orchestrator.service.people.recording import Author
from orchestrator.service.people.signing import Signing
from tests.contract.conftest import System

HOUSE = Author("u-house", "administrator")
ROLES = ("nurse", "clinician", "lead", "auditor", "administrator", "service")
PASSWORD = "four plain words here"  # noqa: S105  of somebody who is made up
Posts = tuple[tuple[str, str], ...]


class Wards:
    """A house of two wards, with an administrator of A, one of both and one of all."""

    def __init__(self, sut: System) -> None:
        mac = sut.desk.keyring.look_mac
        self.people, self.signing = People(sut.store, mac, ROLES), Signing(sut.store, mac)
        self.linking = Linking(sut.store, mac)
        self.of_a, self.of_both, self.of_all = (
            self.one(login, *((ward, "administrator") for ward in wards))
            for login, wards in (("a-admin", "A"), ("ab-admin", "AB"), ("admin", "*"))
        )

    def one(self, login: str, *posts: tuple[str, str]) -> str:
        return self.people.add(HOUSE, login=login, name=login, password=PASSWORD, posts=posts)

    def posts(self, person_id: str) -> Posts:
        return tuple((each["ward"], each["role"]) for each in self.people.person(person_id)["posts"])

    def deeds(self, by: Author, person_id: str) -> dict[str, Callable[[], object]]:
        """Return all that an administrator does to an account but to give posts, by its kind."""
        issuer, subject = "https://login.example", "s-1"
        return {
            "changed": lambda: self.people.change(by, person_id, name="Other"),
            "unlocked": lambda: self.people.unlock(by, person_id),
            "linked": lambda: self.linking.link(by, person_id, issuer, subject),
            "unlinked": lambda: self.linking.unlink(by, person_id, issuer, subject),
            "token": lambda: self.signing.make_token(by, person_id, label="x", scopes=["know"], days=1),
            "token-ended": lambda: self.signing.end_token(
                by, person_id, self.signing.tokens(person_id)[0]["token_id"]
            ),
            "sessions-ended": lambda: self.signing.end_sessions(by, person_id),
            "password": lambda: self.people.set_password(by, person_id, PASSWORD),
            "ended": lambda: self.people.end(by, person_id),
        }  # fmt: skip


@pytest.fixture
def wards(sut: System) -> Wards:
    return Wards(sut)


@pytest.mark.parametrize(("posts", "may"), [
    ((("A", "nurse"),), "a-admin ab-admin admin"),
    ((("A", "nurse"), ("A", "administrator")), "a-admin ab-admin admin"),
    ((("B", "nurse"),), "ab-admin admin"),
    ((("A", "nurse"), ("B", "nurse")), "ab-admin admin"),
    ((("*", "nurse"),), "admin"),
    ((("A", "nurse"), ("*", "administrator")), "admin"),
    ((), "admin"),
])  # fmt: skip
def test_an_account_is_looked_after_by_whoever_administers_each_of_its_wards(
    wards: Wards, posts: Posts, may: str
) -> None:
    deeds = list(wards.deeds(HOUSE, ""))
    for login in ("a-admin", "ab-admin", "admin"):
        by = Author(wards.people.called(login), "administrator")
        person_id = wards.one(f"x-{login}", *posts)
        wards.signing.make_token(HOUSE, person_id, label="x", scopes=["know"], days=1)
        before = wards.people.recorded(about=person_id).rows[0]["seq"]
        for deed in wards.deeds(by, person_id).values():
            if login in may.split():
                deed()
                continue
            with pytest.raises(NotAllowed):
                deed()
        done = [each["kind"] for each in wards.people.recorded(about=person_id).rows if each["seq"] > before]
        assert done[::-1] == (deeds if login in may.split() else []), login
    assert wards.people.faults() == []


def test_posts_are_given_and_taken_on_the_own_wards_alone(wards: Wards) -> None:
    by, nurse = Author(wards.of_a, "administrator"), wards.one("nora", ("B", "nurse"))
    wards.people.set_posts(by, nurse, [("B", "nurse"), ("A", "clinician")])
    for wanted in (
        [("A", "clinician")], [("B", "lead"), ("A", "clinician")], [("B", "nurse"), ("C", "nurse")], [],
        [("B", "nurse"), ("*", "nurse")],
    ):  # fmt: skip
        with pytest.raises(NotAllowed):
            wards.people.set_posts(by, nurse, wanted)
    assert wards.posts(nurse) == (("A", "clinician"), ("B", "nurse"))
    wards.people.set_posts(by, nurse, [("B", "nurse")])
    with pytest.raises(NotAllowed):
        wards.people.set_posts(by, wards.of_all, [("A", "administrator")])


def test_nobody_lifts_himself(wards: Wards) -> None:
    by = Author(wards.of_a, "administrator")
    for wanted in (("A", "clinician"), ("B", "administrator"), ("*", "administrator")):
        with pytest.raises(NotAllowed):
            wards.people.set_posts(by, wards.of_a, [("A", "administrator"), wanted])
    with pytest.raises(NotAllowed):
        wards.people.add(by, login="straw", name="Straw", posts=[("*", "administrator")])
    with pytest.raises(NotAllowed, match="nobody's to look after"):
        wards.people.add(by, login="straw", name="Straw")
    wards.people.add(by, login="straw", name="Straw", posts=[("A", "nurse")])
    wards.people.set_posts(by, wards.of_a, [])
    with pytest.raises(NotAllowed):
        wards.people.add(by, login="late", name="Late", posts=[("A", "nurse")])


def test_who_is_no_administrator_looks_after_the_own_account_alone(wards: Wards) -> None:
    nurse, other = wards.one("nora", ("A", "nurse")), wards.one("nils", ("A", "nurse"))
    wards.signing.make_token(HOUSE, other, label="x", scopes=["know"], days=1)
    by = Author(nurse, "nurse", asserted=True)
    wards.people.change(by, nurse, language="de")
    for deed in wards.deeds(by, other).values():
        with pytest.raises(NotAllowed):
            deed()
    with pytest.raises(NotAllowed):
        wards.people.set_posts(by, nurse, [("A", "lead")])


def test_somebody_remains_administrator_of_all_wards(wards: Wards) -> None:
    with pytest.raises(Conflict, match="administrator of all wards"):
        wards.people.end(HOUSE, wards.of_all)
    with pytest.raises(Conflict, match="administrator of all wards"):
        wards.people.set_posts(HOUSE, wards.of_all, [("A", "administrator")])
    second = wards.one("second", ("*", "administrator"))
    wards.people.end(Author(second, "administrator"), wards.of_all)
    assert wards.posts(second) == (("*", "administrator"),)
