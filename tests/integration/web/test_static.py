"""Goal: what pages load is small on its way, and nothing else is compressed: a page holds a secret word."""

import gzip

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


def test_pages_are_not_compressed(house: House) -> None:
    house.add("nurse")
    assert "content-encoding" not in house.browser().client.get("/sign-in", headers={"Accept-Encoding": "gzip"}).headers
