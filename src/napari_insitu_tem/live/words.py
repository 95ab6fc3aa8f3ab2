"""How the following goes, in words; the same in the window and in the terminal."""

from __future__ import annotations

from napari_insitu_tem.live.picture import Picture, Standing

__all__ = ["standing_words"]


def standing_words(standing: Standing, picture: Picture | None) -> list[str]:
    """Return short pieces of text: rates, latency, dropped and lost frames, particles."""
    if picture is None:
        return ["waiting for the first frame"]
    words = [
        f"frame {picture.frame.number}",
        f"{standing.arriving:.1f} frames/s in, {standing.refining:.1f} refined",
    ]
    if standing.latency is not None:
        words.append(f"latency {1000 * standing.latency:.0f} ms")
    words.append(f"{standing.dropped} of {standing.arrived} dropped")
    if standing.lost:
        words.append(f"{standing.lost} lost")
    if standing.count is not None:
        words.append(f"{standing.count} particle" + ("" if standing.count == 1 else "s"))
    if standing.recorded:
        words.append(f"{standing.recorded} recorded")
    if standing.waiting > 20:
        words.append(f"{standing.waiting} waiting to be read")
    return words
