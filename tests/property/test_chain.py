"""Goal: whatever is changed in a trail is found and named, save a recomputed whole chain; the verdict says so."""

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.audit.chain import Head, Verdict, verify
from orchestrator.audit.keys import PatientKey
from orchestrator.audit.seal import GENESIS, Sealed, seal
from tests.unit.test_seal import KEY, chain, header

LENGTH = 6
TRAIL = tuple(chain(LENGTH))
HEAD = Head(LENGTH, TRAIL[-1].hash)


def judge(entries: list[Sealed], head: Head | None = HEAD, key: PatientKey | None = KEY) -> Verdict:
    return verify("e-1", entries, head, key)


def test_an_untouched_trail_is_whole() -> None:
    verdict = judge(list(TRAIL))
    assert verdict.whole
    assert (verdict.entries, verdict.bodies) == (LENGTH, LENGTH)
    assert "finds every change that does not recompute the whole chain" in verdict.text


@given(data=st.data())
def test_any_changed_byte_is_found_at_its_entry(data: st.DataObject) -> None:
    place = data.draw(st.integers(0, LENGTH - 1))
    field = data.draw(st.sampled_from(["cause_id", "header", "commitment", "body", "hash"]))
    old: bytes = getattr(TRAIL[place], field)
    index = data.draw(st.integers(0, len(old) - 1))
    new = bytearray(old)
    new[index] ^= data.draw(st.integers(1, 255))
    entries = list(TRAIL)
    entries[place] = TRAIL[place]._replace(**{field: bytes(new)})  # type: ignore[arg-type]
    assert judge(entries).faults[0].seq == place + 1


@given(order=st.permutations(range(LENGTH)))
def test_another_order_is_found(order: list[int]) -> None:
    assert judge([TRAIL[n] for n in order]).whole == (order == sorted(order))


@given(order=st.permutations(range(LENGTH)))
def test_another_order_with_new_numbers_is_found(order: list[int]) -> None:
    entries = [TRAIL[n]._replace(seq=seq) for seq, n in enumerate(order, 1)]
    assert judge(entries).whole == (order == sorted(order))


@given(gone=st.integers(0, LENGTH - 1))
def test_a_removed_entry_is_found_where_it_was(gone: int) -> None:
    verdict = judge([entry for n, entry in enumerate(TRAIL) if n != gone])
    assert verdict.faults[0].seq == (gone + 2 if gone < LENGTH - 1 else gone)


@given(place=st.integers(0, LENGTH), source=st.integers(0, LENGTH - 1))
def test_an_inserted_entry_is_found(place: int, source: int) -> None:
    entries = list(TRAIL)
    entries.insert(place, TRAIL[source])
    assert not judge(entries).whole


def test_the_end_cut_off_is_found_by_the_head() -> None:
    assert "the episode's row says entry 6" in judge(list(TRAIL[:4])).text
    assert not judge([]).whole
    assert not judge(list(TRAIL), head=None).whole


def test_entries_of_another_episode_are_found() -> None:
    foreign = seal(KEY, header(episode_id="e-2"), {}, GENESIS)
    assert not verify("e-1", [foreign], Head(1, foreign.hash), KEY).whole
    assert not verify("e-1", [foreign._replace(episode_id="e-1")], Head(1, foreign.hash), KEY).whole


def test_with_the_key_destroyed_every_hash_still_holds_and_the_verdict_says_what_was_not_read() -> None:
    verdict = judge(list(TRAIL), key=None)
    assert verdict.whole
    assert "6 bodies not readable" in verdict.text


def test_a_recomputed_whole_chain_is_not_found_and_the_verdict_says_so() -> None:
    forged = [seal(KEY, header(1), {"command": {"n": 99}}, GENESIS)]
    for seq in range(2, LENGTH + 1):
        forged.append(seal(KEY, header(seq), {"command": {"n": seq}}, forged[-1].hash))
    verdict = judge(forged, Head(LENGTH, forged[-1].hash))
    assert verdict.whole
    assert "does not recompute the whole chain" in verdict.text
