"""Where particles lie in layers that overlap: scattered, in pairs, or as crystals."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from napari_insitu_tem.simulate.layer_bodies import Body, Cover

__all__ = ["place_layers"]

_TRIES = 12
_HALVINGS = 6
#: Particles a layer, however small they are.
_MOST = 120

Draw = Callable[[int], Body]
Layers = list[list[Body]]


def place_layers(
    arrangement: str,
    draw: Draw,
    *,
    n_layers: int,
    edge: int,
    diameter: float,
    overlap: tuple[float, float],
    coverage: float,
    rng: np.random.Generator,
) -> tuple[Layers, np.ndarray]:
    """Place particles so that those of one layer never overlap each other.

    Parameters
    ----------
    arrangement : {"pairs", "crystal", "scattered"}
        ``"pairs"``: most particles of a layer have one of a layer above it that covers a part
        of them; ``"crystal"``: every layer is a lattice, turned a little and shifted;
        ``"scattered"``: every layer for itself, at random.
    draw : callable
        ``(layer) -> Body``; its place is chosen here.
    n_layers, edge : int
        Number of layers; height and width of the frame.
    diameter : float
        Typical diameter in pixels.
    overlap : (float, float)
        Part of the smaller one that two particles of different layers share: the range for
        pairs, the largest part of a particle that others cover for all.
    coverage : float
        Part of the frame that each layer covers, about.
    rng : numpy Generator
        Source of all randomness.

    Returns
    -------
    list of list of Body
        Particles of every layer.
    (n_layers, y, x) int32 array
        Their labels, numbered from 1 throughout all layers, in the order of the layers.
    """
    cover = Cover(n_layers, edge, overlap[1] + 0.02)
    wanted = max(1, min(_MOST, round(coverage * edge**2 / (np.pi / 4 * diameter**2))))
    places = {"pairs": _pairs, "crystal": _crystal, "scattered": _scattered}[arrangement]
    placed: list[tuple[int, int, Body]] = []
    for layer, body in places(cover, draw, placed, wanted, edge, diameter, overlap, rng):
        if not cover.is_free(layer, body.centre):
            continue
        number = cover.try_to_add(layer, body.footprint(edge))
        if number:
            placed.append((layer, number, body))
    layers: Layers = [[] for _ in range(n_layers)]
    renumber = np.zeros(len(placed) + 1, np.int32)
    for count, (layer, number, body) in enumerate(sorted(placed, key=lambda one: one[:2]), 1):
        layers[layer].append(body)
        renumber[number] = count
    return layers, renumber[cover.labels]


Steps = Iterator[tuple[int, Body]]
Placed = list[tuple[int, int, Body]]


def _scattered(
    cover: Cover, draw: Draw, placed: Placed, wanted: int, edge: int, diameter: float,
    overlap: tuple[float, float], rng: np.random.Generator,
) -> Steps:  # fmt: skip
    for layer in range(len(cover.labels)):
        for _ in range(wanted):
            body, before = draw(layer), len(placed)
            for _ in range(_TRIES):
                yield layer, body.at(rng.uniform(-0.3 * diameter, edge + 0.3 * diameter, 2))
                if len(placed) > before:
                    break


def _pairs(
    cover: Cover, draw: Draw, placed: Placed, wanted: int, edge: int, diameter: float,
    overlap: tuple[float, float], rng: np.random.Generator,
) -> Steps:  # fmt: skip
    n_layers = len(cover.labels)
    alone = rng.uniform(0, 0.4)
    for _ in range(wanted):
        layer, before = int(rng.integers(n_layers)), len(placed)
        body = draw(layer)
        for _ in range(_TRIES):
            yield layer, body.at(rng.uniform(0, edge, 2))
            if len(placed) > before:
                break
        if len(placed) == before or rng.random() < alone:
            continue
        for other in rng.permutation(n_layers):
            if other == layer:
                continue
            partner, before, below = draw(int(other)), len(placed), placed[-1]
            for _ in range(4):
                share = rng.uniform(*overlap)
                yield int(other), _beside(partner, below, share, cover, edge, rng)
                if len(placed) > before:
                    break


def _beside(
    body: Body, below: tuple[int, int, Body], share: float, cover: Cover, edge: int,
    rng: np.random.Generator,
) -> Body:  # fmt: skip
    """Move a particle from one it lies upon until only `share` of the smaller is covered."""
    layer, number, partner = below
    if partner.shape in ("cube", "rod") and rng.random() < 0.5:
        # Stacked particles are often aligned, and shifted along a side or a diagonal.
        body = body.at(partner.centre, partner.angle + rng.normal(0, 4))
    heading = rng.uniform(0, 2 * np.pi)
    way = np.array([np.sin(heading), np.cos(heading)])
    near, far = 0.0, body.reach + partner.reach
    for _ in range(_HALVINGS):
        middle = 0.5 * (near + far)
        there = body.at(partner.centre + middle * way).footprint(edge)
        if cover.overlap(number, layer, there) > share:
            near = middle
        else:
            far = middle
    return body.at(partner.centre + far * way)


def _crystal(
    cover: Cover, draw: Draw, placed: Placed, wanted: int, edge: int, diameter: float,
    overlap: tuple[float, float], rng: np.random.Generator,
) -> Steps:  # fmt: skip
    angle = rng.uniform(-45, 45)
    aligned = rng.random() < 0.8
    slant = 0.0 if rng.random() < 0.7 else 0.5
    # A lattice of cubes is the denser the more of a particle may be covered by the other one.
    tightest = 1.05 if overlap[1] > 0.6 else 1.25
    pitch = diameter * rng.uniform(tightest, 1.7)
    jitter, wobble = rng.uniform(0.0, 0.08) * pitch, rng.uniform(0, 8)
    vacancies = rng.uniform(0, 0.25)
    for layer in range(len(cover.labels)):
        turned = angle + rng.normal(0, 2)
        shift = rng.uniform(-0.5, 0.5, 2) * pitch + 0.5 * edge
        for site in _sites(pitch, slant, turned, edge, diameter):
            if rng.random() < vacancies:
                continue
            body = draw(layer)
            # Corners of cubes lie half a right angle off the rows of the lattice.
            along = turned + 45 + rng.normal(0, wobble) if aligned else body.angle
            yield layer, body.at(site + shift + rng.normal(0, jitter, 2), along)


def _sites(
    pitch: float, slant: float, angle: float, edge: int, diameter: float
) -> Iterator[np.ndarray]:
    reach = int(np.ceil(edge / pitch)) + 2
    radians = np.deg2rad(angle)
    along = np.array([-np.sin(radians), np.cos(radians)])
    across = np.array([np.cos(radians), np.sin(radians)])
    limit = 0.5 * edge + 0.4 * diameter
    for row in range(-reach, reach + 1):
        for column in range(-reach, reach + 1):
            site = pitch * ((column + slant * (row % 2)) * along + row * across)
            if np.abs(site).max() < limit + pitch:
                yield site
