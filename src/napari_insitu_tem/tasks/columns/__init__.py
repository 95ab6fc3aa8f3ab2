"""Atomic columns: where they are, and what happens to them over time."""
