"""The story of one episode: what happened, why, and who decided, made from its decrypted entries.

``tell`` returns one JSON-ready document, ``glance`` what of it a patient's page shows. Moments are ISO 8601 texts in
UTC, lengths whole seconds, amounts decimal texts. Every row that an entry made carries ``seq``, ``at``, ``actor``,
``role``, ``on_behalf_of``, ``authenticated``: its *stamp*. An *origin* is {kind: sourced | local | mixed | unstated,
rules, sources [{key, title}]}.

    format, version  "carepath-story", 1; a later version may add fields, and changes none without a new number
    simulated        the store's clock or patient is not real
    episode          id, pathway, title, version, hash, ward, timezone (IANA), enrolled_at, told_until, state,
                     state_title, stage, outcome, entries, erased (entries whose content was erased), next_due_at,
                     release (of the version: number, released_by, reason, released_at, …; or null)
    way              the stays: stamp, n, state, stage, title, from, until, seconds, passed (left in the same entry),
                     transition, when, rules, origin, cause {kind, words},
                     missing [{fact, label}] and although (words): what a move made whatever is missing did not wait for
    timeline         every entry: stamp, kind, words, details, from, to, refused (a code), reason, override, corrects,
                     erased, glass (made by somebody of another ward, in an emergency)
    decisions        stamp, n, kind, words, choice {regimens [{regimen, title, standing}], regimen, outcome,
                     parameters}, proposals [{regimen, title, standing, chosen, conflict,
                     reasons [{standing, words, facts, origin}], would_change}], warnings [{name, text, origin}],
                     overridden [{gate, why, reason, origin}], accepted, reason, outcome
    courses          id, regimen, title, how (route, and whether daily), kind, confirmed (stamp), standing, reason,
                     parameters, accepted, start, status, ended, answer, administrations [{n, planned_at, planned,
                     inputs, due_at, due, at, status, given, by, off_seconds, deviation}], retracted, origin,
                     chart {unit, planned, given: [{at, until, amount}], until}
    reminders        name, title, subject, about, n, ladder, status, due_at, fulfilled, ended, origin,
                     firings [{due_at, fired_at, late, late_seconds, acknowledged,
                     told [{rung, role, skipped, due_at, told_at, late, late_seconds}]}]
    tasks            name, title, asks (labels of facts), opened (stamp), due_at, due_local, rules, status,
                     left (stamp), late_seconds, origin
    facts            stamp, fact, label, value, words, unit, derived, own (a person's entry of a fact that is derived),
                     how (words), basis [{fact, label, value, words}] and origin of a derived one, corrects, reason,
                     status, decided_in, left (stamp and reason)
    forms            fact, label, items, optional, origin: what is looked at before a fact is recorded
    plots            fact, label, unit, low, high, origin, values [{stamp, value, words, status: counts | corrected |
                     retracted | unknown, left (stamp and reason)}]: the numbers that the pathway shows over time
    overrides        stamp, kind, words, gate, why, reason, origin
    refusals         stamp, kind, words, code, text, reason
    local            what, value, rules, address, default, range, hospital, set_by: what in this story no document
                     gives, and who set what a hospital may set; the last five are empty of the rest
    chain            checked, whole, entries, bodies, faults [{seq, what}], text, reach
    origins          what the kinds of origin mean
"""

from orchestrator.audit.story.ahead import Ahead, ahead
from orchestrator.audit.story.entries import StoryEntry
from orchestrator.audit.story.glance import Lines, glance
from orchestrator.audit.story.tell import FORMAT, VERSION, is_quiet, tell

__all__ = ["FORMAT", "VERSION", "Ahead", "Lines", "StoryEntry", "ahead", "glance", "is_quiet", "tell"]
