"""Elements of columns: images of a focal series laid over each other, columns, sites, vacancies."""

from __future__ import annotations

__all__ = ["SpeciesError"]


class SpeciesError(ValueError):
    """A focal series shows nothing that species could be told from; one plain sentence."""
