"""Indexing of pairs of peaks: right planes and axes, strain, and refusal of wrong crystals."""

import itertools

import numpy as np
import pytest

from napari_insitu_tem.analysis.fourier.crystal_lattices import (
    KNOWN_LATTICES,
    CrystalLattice,
    lattice_named,
)
from napari_insitu_tem.analysis.fourier.indexing import index_pairs
from napari_insitu_tem.analysis.fourier.pairs import Pair
from napari_insitu_tem.analysis.fourier.window import FourierError

PIXEL = 0.03


def pairs_along(lattice, axis, *, turn=0.0, scale=1.0, count=4, off=()):
    """Return the pairs of a crystal seen along a zone axis, the longest spacings first."""
    miller, vectors = lattice.reflections(0.09)
    inside = miller @ np.array(axis) == 0
    beam = np.array(axis) @ lattice.axes
    beam /= np.linalg.norm(beam)
    helper = np.eye(3)[np.argmin(np.abs(beam))]
    first = np.cross(beam, helper)
    first /= np.linalg.norm(first)
    flat = vectors[inside] @ np.stack([first, np.cross(beam, first)]).T
    flat = flat[np.argsort(np.linalg.norm(flat, axis=1), kind="stable")]
    half = [each for each in flat if (each[0], each[1]) > (0, 0) or each[0] > 1e-9]
    c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    pairs = []
    for number, (x, y) in enumerate([*half[:count], *off]):
        seen = np.array([-(s * x + c * y), c * x - s * y]) * PIXEL / scale
        if seen[1] < 0:
            seen = -seen
        pairs.append(Pair(seen, np.eye(2) * 1e-8, 3.0 - 0.2 * number, 0.01, 0.0, 1.0, 100.0))
    return pairs


def form(axis):
    return tuple(sorted(map(abs, axis), reverse=True))


@pytest.mark.parametrize("name", ["Au", "CeO2", "W", "Si", "MgO"])
@pytest.mark.parametrize("axis", [(1, 0, 0), (1, 1, 0), (1, 1, 1)])
def test_cubic_crystals_are_recognised_along_their_axes(name, axis):
    lattice = lattice_named(name)
    for turn in (0.0, 37.0, 161.0):
        pairs = pairs_along(lattice, axis, turn=turn)
        found = index_pairs(pairs, lattice, pixel_size=PIXEL)
        assert form(found.zone_axis) == form(axis)
        assert found.explained == pytest.approx(1)
        assert found.strain == pytest.approx(0, abs=1e-6)
        for miller, pair in zip(found.miller, pairs, strict=True):
            assert np.dot(miller, found.zone_axis) == 0
            size = np.linalg.norm(np.array(miller) @ lattice.reciprocal)
            assert 1 / size == pytest.approx(pair.spacing * PIXEL, rel=1e-3)


def test_angles_between_the_planes_are_those_between_the_pairs():
    lattice = lattice_named("graphite")
    pairs = pairs_along(lattice, (0, 0, 1), turn=12, count=3)
    found = index_pairs(pairs, lattice, pixel_size=PIXEL)
    assert found.zone_axis in {(0, 0, 1), (0, 0, -1)}
    vectors = [np.array(each) @ lattice.reciprocal for each in found.miller]
    for (a, p), (b, q) in itertools.combinations(zip(vectors, pairs, strict=True), 2):
        cosine = a @ b / np.linalg.norm(a) / np.linalg.norm(b)
        between = p.frequency @ q.frequency / p.magnitude / q.magnitude
        assert cosine == pytest.approx(between, abs=1e-6)


def test_strain_is_the_mean_relative_deviation():
    gold = lattice_named("Au")
    found = index_pairs(pairs_along(gold, (1, 1, 0), scale=1.01), gold, pixel_size=PIXEL)
    assert found.strain == pytest.approx(0.01, abs=1e-4) and found.strain_error < 0.005


def test_wrong_crystals_are_refused_in_plain_words():
    pairs = pairs_along(lattice_named("Au"), (1, 1, 0))
    for name in ("Pt", "CeO2", "W", "Si", "MgO", "Fe"):
        found = index_pairs(pairs, lattice_named(name), pixel_size=PIXEL)
        assert not found.fits and found.zone_axis is None
        assert f"does not fit {name}" in found.note
        assert np.isnan(found.strain)


def test_pairs_of_something_else_get_no_indices():
    gold = lattice_named("Au")
    pairs = pairs_along(gold, (1, 0, 0), off=[(3.1, 1.4)])
    found = index_pairs(pairs, gold, pixel_size=PIXEL)
    assert found.miller[-1] is None and None not in found.miller[:-1]
    assert 0.5 < found.explained < 1


def test_one_row_leaves_the_axis_open():
    gold = lattice_named("Au")
    pair, *_ = pairs_along(gold, (1, 1, 0))
    found = index_pairs([pair], gold, pixel_size=PIXEL)
    assert form(found.miller[0]) == (1, 1, 1) and found.zone_axis is None
    assert "one row" in found.note
    assert "no pairs" in index_pairs([], gold, pixel_size=PIXEL).note


def test_reflections_obey_the_centring():
    miller, _ = lattice_named("Au").reflections(0.1)
    assert all(len({int(each) % 2 for each in hkl}) == 1 for hkl in miller)
    miller, _ = lattice_named("W").reflections(0.1)
    assert np.all(miller.sum(axis=1) % 2 == 0)
    miller, _ = lattice_named("Si").reflections(0.1)
    assert (2, 0, 0) not in set(map(tuple, miller.tolist()))
    miller, _ = lattice_named("graphite").reflections(0.1)
    assert (0, 0, 1) not in set(map(tuple, miller.tolist()))
    assert (0, 0, 2) in set(map(tuple, miller.tolist()))


def test_symmetry_leaves_one_of_a_form():
    miller, _ = lattice_named("Au").reflections(0.15)
    kept = miller[lattice_named("Au").unlike(miller)]
    assert {tuple(each) for each in kept.tolist()} == {(2, 0, 0), (1, 1, 1)}
    triclinic = CrystalLattice(0.5, 0.6, 0.7, 80, 95, 101)
    miller, _ = triclinic.reflections(0.3)
    assert triclinic.unlike(miller).sum() == len(miller) / 2


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"a": 4.0e3, "b": 1, "c": 1}, "nm"),
        ({"a": 0.4, "b": 0.4, "c": 0.4, "alpha": 10.0, "beta": 100.0}, "unit cell"),
        ({"a": 0.4, "b": 0.4, "c": 0.4, "centring": "X"}, "centring"),
    ],
)
def test_what_is_no_lattice_is_refused(values, word):
    with pytest.raises(FourierError, match=word):
        CrystalLattice(**values)


def test_unknown_names_are_refused_with_those_there_are():
    assert lattice_named(" au ") is KNOWN_LATTICES["Au"]
    with pytest.raises(FourierError, match="CeO2"):
        lattice_named("unobtainium")
