"""Crystals and particles of the HRTEM simulator."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from napari_insitu_tem.simulate.hrtem.crystals import MATERIALS, block
from napari_insitu_tem.simulate.hrtem.outlines import outline, paint
from napari_insitu_tem.simulate.hrtem.settings import HrtemSettings
from napari_insitu_tem.simulate.hrtem.structures import draw_particle, orientation, zone_and_tilt


def nearest(points: np.ndarray) -> np.ndarray:
    return cKDTree(points).query(points, k=2)[0][:, 1]


@pytest.mark.parametrize("name", list(MATERIALS))
def test_nearest_neighbours_are_as_far_apart_as_the_material_says(name):
    material = MATERIALS[name]
    points, kinds = block(material, 12.0)
    inner = np.abs(points).max(axis=1) < 8
    assert nearest(points)[inner] == pytest.approx(material.neighbour_distance, rel=1e-4)
    assert set(kinds) == set(range(len(material.elements)))


def test_gold_has_the_density_of_gold():
    material = MATERIALS["Au"]
    points, _ = block(material, 10 * material.lattice + 0.01)
    # 196.97 u an atom, 19.3 g/cm³.
    volume = (20 * material.lattice) ** 3
    inside = (points < 10 * material.lattice - 0.01).all(axis=1)
    assert inside.sum() / volume == pytest.approx(19.3 / (196.97 * 1.66054), rel=0.005)


def test_ceria_has_eight_oxygen_atoms_around_every_cerium_atom():
    material = MATERIALS["CeO2"]
    points, kinds = block(material, 15.0)
    elements = np.array(material.elements)[kinds]
    cerium = points[(elements == "Ce") & (np.abs(points).max(axis=1) < 8)]
    counts = cKDTree(points[elements == "O"]).query_ball_point(
        cerium, material.neighbour_distance + 0.05, return_length=True
    )
    assert (counts == 8).all()


@pytest.mark.parametrize("axis", [(1, 0, 0), (1, 1, 0), (1, 1, 2)])
def test_orientation_turns_the_axis_into_the_beam_and_tilts_it_away(axis):
    turn = orientation(np.array(axis), 0.0, 30.0, 70.0)
    assert turn @ turn.T == pytest.approx(np.eye(3), abs=1e-12)
    assert turn @ (np.array(axis) / np.linalg.norm(axis)) == pytest.approx([0, 0, 1], abs=1e-12)
    name, tilt = zone_and_tilt(orientation(np.array(axis), 5.0, 30.0, 70.0))
    assert name == "".join(map(str, axis))
    assert tilt == pytest.approx(5.0, abs=1e-6)


@pytest.mark.parametrize("shape", ["irregular", "facetted"])
def test_a_particle_holds_the_atoms_of_its_diameter(shape, rng):
    settings = HrtemSettings(
        diameter=(4.0, 4.0), irregular=float(shape == "irregular"), twinned=0.0
    )
    counts = [len(draw_particle(settings, "Au", rng).positions) for _ in range(6)]
    whole = 4 / 3 * np.pi * 20.0**3 * 4 / 4.078**3
    assert max(counts) <= whole + 1
    assert min(counts) > 0.5 * whole  # some of it is cut off where it sits on the film


def test_atoms_of_twins_keep_their_distance_and_the_two_halves_mirror_each_other(rng):
    settings = HrtemSettings(diameter=(4.0, 4.0), twinned=1.0)
    for _ in range(5):
        particle = draw_particle(settings, "Au", rng)
        assert particle.twinned
        assert nearest(particle.positions).min() > 0.98 * particle.material.neighbour_distance


def test_the_tilt_that_is_told_lies_in_the_range(rng):
    settings = HrtemSettings(zone_axes=("110",), tilt=(3.0, 6.0), diameter=(2.0, 2.0))
    for _ in range(10):
        particle = draw_particle(settings, "Pt", rng)
        assert particle.zone_axis == "110"
        assert 3.0 <= particle.tilt <= 6.0


def test_the_outline_covers_all_atoms_and_little_more(rng):
    settings = HrtemSettings(diameter=(4.0, 4.0))
    for name in ("Au", "CeO2", "PbS"):
        particle = draw_particle(settings, name, rng)
        positions = particle.positions[:, :2]
        mask, first = outline(positions, particle.material.neighbour_distance, 0.5)
        pixels = np.rint(positions / 0.5).astype(int) - first
        assert mask[pixels[:, 0], pixels[:, 1]].all()
        far = cKDTree(positions).query((np.argwhere(mask) + first) * 0.5)[0]
        assert far.max() < 1.5 * particle.material.neighbour_distance + 0.5


def test_the_outline_of_a_row_of_atoms_reaches_half_a_distance_beyond_them():
    row = np.stack([np.zeros(11), np.arange(11) * 2.88], axis=1)
    mask, _ = outline(row, 2.88, 0.1)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    assert 0.1 * len(rows) == pytest.approx(2.88, abs=0.35)
    assert 0.1 * len(columns) == pytest.approx(11 * 2.88, abs=0.35)


def test_painting_clips_masks_at_the_border_and_puts_later_ones_on_top():
    square = np.ones((4, 4), bool)
    labels = paint([(square, (-2, 0)), (square, (1, 2)), (square, (30, 30))], (8, 8))
    assert (labels[0, :4] == 1).all()
    assert (labels[1, 2:4] == 2).all()
    assert labels.max() == 2
    assert labels.dtype == np.int32
