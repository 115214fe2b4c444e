"""Goal: every text of the pages is said in every language, with the same gaps to fill, and nothing else is kept.

After a change of a text: CAREPATH_WRITE=1 pytest tests/unit/test_catalogues.py, then translate what is empty.
"""

import ast
import os
import re

import pytest
from babel.messages.catalog import Catalog

from orchestrator.web import people, words
from tests import catalogue

LANGUAGES = sorted(set(words.languages()) - {words.OWN})
_GAP = re.compile(r"%\(\w+\)[sd]")


@pytest.fixture(scope="module", params=LANGUAGES)
def kept(request: pytest.FixtureRequest) -> Catalog:
    return catalogue.read(request.param)


def test_the_catalogue_is_current(kept: Catalog) -> None:
    file, made = words.FOLDER / f"{kept.locale}.po", catalogue.written(catalogue.current(kept))
    if os.environ.get("CAREPATH_WRITE"):
        file.write_text(made, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == made
    assert not kept.obsolete


def test_every_text_is_translated_with_the_same_gaps(kept: Catalog) -> None:
    for message in kept:
        if not message.id:
            continue
        said = [message.string] if isinstance(message.string, str) else list(message.string or ())
        asked = message.id if isinstance(message.id, str) else message.id[-1]
        assert all(said), message.id
        assert not message.fuzzy, message.id
        assert set(_GAP.findall(said[-1])) == set(_GAP.findall(asked)), message.id
        assert len(said) == (1 if isinstance(message.id, str) else kept.num_plurals), message.id


def test_every_change_about_people_is_said_in_words() -> None:
    files = (catalogue.ROOT / "orchestrator").rglob("*.py")
    nodes = [node for path in files for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    kinds = [
        node.args[3]
        for node in nodes
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "note" and len(node.args) > 3
    ]
    assert {kind.value for kind in kinds if isinstance(kind, ast.Constant)} == set(people.KINDS)
    assert all(isinstance(kind, ast.Constant) for kind in kinds)


def test_german_is_offered_by_its_own_name() -> None:
    assert words.languages() == {"en": "English", "de": "Deutsch"}


def test_one_and_several_are_said_differently() -> None:
    said = words.catalogue("de").ngettext
    assert said("One earlier entry", "%(num)s earlier entries", 1) == "Ein früherer Eintrag"
    assert said("One earlier entry", "%(num)s earlier entries", 2) == "%(num)s frühere Einträge"
