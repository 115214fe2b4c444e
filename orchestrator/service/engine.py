"""Which engine decides? The pure functions of `orchestrator.episode`, behind the port that tests can fill otherwise."""

from orchestrator.episode import decide as deciding
from orchestrator.episode import document, view
from orchestrator.episode import fold as folding
from orchestrator.episode import items as listing


class EpisodeEngine:
    """The one that runs patients; holds nothing."""

    enrol = staticmethod(deciding.enrol)
    decide = staticmethod(deciding.decide)
    fold = staticmethod(folding.fold)
    stamp = staticmethod(folding.stamp)
    dump = staticmethod(document.dump)
    load = staticmethod(document.load)
    form_of = staticmethod(document.form_of)
    items = staticmethod(listing.items)
    decision_tag = staticmethod(view.decision_tag)
    view = staticmethod(view.view)  # the last: from here on the name is the function's
