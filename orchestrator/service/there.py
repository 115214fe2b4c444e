"""Is it there? An episode that is not there, and one that is not the caller's to know of, are answered alike."""

from orchestrator.errors import NotFound
from orchestrator.service.ports import Reader
from orchestrator.service.rows import EpisodeRow


def not_there() -> NotFound:
    """Return what is said of such an episode, in the same words for whatever reason: another ward's is not betrayed."""
    return NotFound("there is no such episode")


def episode_row(reader: Reader, episode_id: str) -> EpisodeRow:
    """Return an episode's row. Raises NotFound."""
    row = reader.episode(episode_id)
    if row is None:
        raise not_there()
    return row


def whereabouts(reader: Reader, episode_id: str) -> tuple[str, str]:
    """Return the patient and the ward of an episode. Raises NotFound."""
    there = reader.whereabouts(episode_id)
    if there is None:
        raise not_there()
    return there
