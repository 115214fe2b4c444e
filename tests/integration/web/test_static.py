"""Goal: what is loaded is small on its way, and a page's length tells nothing of the secret word in its forms."""

import gzip
import re

from orchestrator.web import static
from tests.integration.web.conftest import House


def test_files_travel_compressed_where_that_is_asked_for(house: House) -> None:
    address = static.address("page.css")
    browser = house.browser().client
    plain = browser.get(address, headers={"Accept-Encoding": "identity"})
    packed = browser.get(address, headers={"Accept-Encoding": "gzip, br"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["vary"] == "Accept-Encoding"
    assert int(packed.headers["content-length"]) < len(plain.content) / 2
    assert packed.content == plain.content == (static.FOLDER / "page.css").read_bytes()
    assert gzip.decompress(static._packed("page.css")) == plain.content
    assert browser.get(address.replace("page.css", "nothing.css")).status_code == 404


def test_pages_travel_compressed_and_their_secret_word_is_another_each_time(house: House) -> None:
    browser = house.signed_in("nurse")
    packed = [browser.client.get("/password", headers={"Accept-Encoding": "gzip"}) for _ in range(2)]
    assert {page.headers["content-encoding"] for page in packed} == {"gzip"}
    words = [re.findall(r'name="csrf" value="([0-9a-f]{128})"', page.text)[0] for page in packed]
    assert words[0] != words[1]
    own = {"Sec-Fetch-Site": "same-origin"}
    sent = browser.client.post("/sign-out", data={"csrf": words[0][:-1] + "g"}, headers=own, follow_redirects=False)
    assert sent.status_code == 403
    sent = browser.client.post("/sign-out", data={"csrf": words[0]}, headers=own, follow_redirects=False)
    assert sent.status_code == 303, "an older page's word counts as long as its session"
