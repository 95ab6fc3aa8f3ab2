"""How the following goes, in words; the same in the window and in the terminal."""

from __future__ import annotations

from napari_insitu_tem.analysis.active_regions import ActiveRegion
from napari_insitu_tem.live.activity import Activity
from napari_insitu_tem.live.picture import Picture, Standing

__all__ = ["region_words", "standing_words"]


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
    if standing.activity is not None:
        words.append(_most_active(standing.activity))
    elif standing.mapping:
        words.append("the first map of activity is being made")
    if standing.recorded:
        words.append(f"{standing.recorded} recorded")
    if standing.waiting > 20:
        words.append(f"{standing.waiting} waiting to be read")
    return words


def region_words(activity: Activity) -> list[str]:
    """Return a line for each region that stands out: its number, place, strength, latents."""
    return [
        f"{_place(number, region)}, {_times(region.strength)} the median ({_latents(region)})"
        for number, region in enumerate(activity.regions, start=1)
    ]


def _most_active(activity: Activity) -> str:
    """Say where most happens."""
    if not activity.lattice.any():
        return "no lattice to map"
    over = f"the last {activity.frames} frames"
    if not activity.regions:
        return f"nothing stands out over {over}"
    first = activity.regions[0]
    return f"most happens at {_place(1, first)} ({_latents(first)}), over {over}"


def _place(number: int, region: ActiveRegion) -> str:
    return f"{number}: y {region.y:.0f}, x {region.x:.0f} px"


def _times(strength: float) -> str:
    return "beyond any multiple of" if strength == float("inf") else f"{strength:.0f} ×"


def _latents(region: ActiveRegion) -> str:
    return ", ".join(f"z{latent}" for latent in region.latents)
