"""How does a regimen read on a page? By its title; beside it its name, where people say that to the program."""

from collections.abc import Callable, Mapping
from typing import Any

from markupsafe import Markup, escape


def called(row: Mapping[str, Any], spelt: bool = False, *, shown: Callable[[str], str] = escape) -> str:
    """Return a regimen's title as markup. row: with `regimen`, the name, and `title`; see `naming.regimen_called`.

    spelt: with its name as code beside it, where the title is another.   shown: what makes markup of the title.
    """
    title, name = row["title"], row["regimen"]
    return (
        Markup('{} <code class="spelt">{}</code>').format(shown(title), name)
        if spelt and title != name
        else shown(title)
    )
