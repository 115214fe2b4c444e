"""Goal: whoever keeps the house sees what is late, set aside or dead, acts on it, and sees no patient."""

import html
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from orchestrator.notify.channel import Result
from tests.integration.web.conftest import Browser, House
from tests.letterbox import Letterbox, with_letterbox
from workers.deliver import deliver


def administrator(house: House) -> Browser:
    return house.signed_in("administrator", ("*", "administrator"))


def test_a_faulty_file_of_channels_is_said_with_its_line(each_house: House) -> None:
    browser, said = administrator(each_house), "No notice leaves the house until the file of channels is mended."
    assert said not in browser.get("/operations").text
    each_house.ward.system.channels.fault = "channels.yaml:3: unknown key 'route'"
    text = html.unescape(browser.get("/operations").text)
    assert said in text
    assert "channels.yaml:3: unknown key 'route'" in text


def test_a_quiet_house_says_so(each_house: House) -> None:
    each_house.ward.system.presence.note("worker")
    text = " ".join(administrator(each_house).get("/operations").text.split())
    assert "<h1>Operations</h1>" in text
    assert "worker<small" in text
    assert "real<small>schema" in text
    assert each_house.signed_in("nurse").get("/operations").status_code == 403
    assert each_house.ward.get("/operations").json()["figures"]["set_aside"] == 0


def test_what_is_late_and_set_aside_is_seen_without_the_patient(each_house: House) -> None:
    ward = each_house.ward
    episode = ward.enrol("0000417").rpartition("/")[2]
    ward.advance(days=2)
    with ward.system.store.change() as change:
        change.set_aside(episode, change.times().wall + timedelta(minutes=5), 3)
    text = administrator(each_house).get("/operations").text
    assert episode in text
    assert f"/episodes/{episode}" not in text, "whoever sees no patient is led to none"
    assert "0000417" not in text
    assert f'href="/episodes/{episode}"' in each_house.signed_in("lead").get("/operations").text
    assert episode not in each_house.signed_in("elsewhere", ("N3", "lead")).get("/operations").text
    told = ward.get("/operations").json()
    assert [(row["episode_id"], row["attempts"], row["ward"]) for row in told["set_aside"]] == [(episode, 3, "N2")]
    assert told["figures"]["set_aside"] == 1


def test_dead_letters_are_sent_again_or_taken_over(house: House, tmp_path: Path) -> None:
    system = with_letterbox(house.ward.system, tmp_path / "letters", Letterbox(*[Result.PERMANENT] * 3))
    administrator(house)
    for number in ("1", "2", "3"):
        house.ward.enrol(number)
    assert deliver(system) == 0
    browser = House(replace(house.ward, system=system)).browser().sign_in("administrator")
    ids = [row["id"] for row in system.outgoing.page(dead=True).rows]
    assert all(each in browser.get("/operations").text for each in ids)

    unsaid = browser.send("/operations", "/operations/drop", delivery=ids[0], reason="")
    assert unsaid.status_code == 422
    assert 'role="alert"' in unsaid.text
    long = "told on the phone " * 40
    kept = browser.send("/operations", "/operations/drop", delivery=ids[0], reason=long)
    assert long.strip() in kept.text, "what was typed is kept"
    assert (
        browser.send("/operations", "/operations/drop", delivery=ids[0], reason="told on the phone").status_code == 303
    )
    assert browser.send("/operations", "/operations/drop", delivery=ids[0], reason="again").status_code == 422
    assert browser.send("/operations", "/operations/resend", delivery=ids[1], all="").status_code == 303
    assert [row["id"] for row in system.outgoing.page(dead=True).rows] == ids[2:]
    assert browser.send("/operations", "/operations/resend", all="yes").status_code == 303
    assert system.outgoing.page(dead=True).rows == []
    assert len(system.outgoing.page().rows) == 2
    record = browser.get("/people/records").text
    assert all(f"<code>{each}</code>" in record for each in ids)
    assert (record.count("took over a dead letter"), record.count("had dead letters sent again")) == (1, 2)
    stranger = House(replace(house.ward, system=system), house.people).signed_in("elsewhere", ("N3", "lead"))
    assert not any(each in stranger.get("/operations").text for each in ids)
    nurse = house.signed_in("nurse")
    assert nurse.send("/password", "/operations/resend", all="yes").status_code == 403


def test_an_older_program_is_named(house: House) -> None:
    system = house.ward.system
    system.presence.note("api")
    with system.store.change() as change:
        (row,) = change.processes()
        change.note_process(row._replace(process_id="0" * 32, role="worker", program="0.0.9", revision="0004"))
    text = " ".join(administrator(house).get("/operations").text.split())
    assert '0.0.9 <span class="tag soon">older</span>' in text


def test_what_runs_was_heard_of_by_the_clock_it_runs_by(house: House) -> None:
    house.ward.system.presence.note("clock")
    house.ward.advance(days=2)
    text = " ".join(administrator(house).get("/operations").text.split())
    assert "<td>just now</td>" in text, "however far the simulated clock has gone meanwhile"
