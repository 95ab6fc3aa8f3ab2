"""Frames of particles with their atomic columns: do they hold what crystals have?"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree

from napari_insitu_tem.simulate.columns import ColumnFrame, ColumnsSettings, draw_frame
from napari_insitu_tem.simulate.columns.columns import columns_of
from napari_insitu_tem.simulate.columns.sites import Lattice
from napari_insitu_tem.simulate.columns.visible import find_spots, readable
from napari_insitu_tem.simulate.hrtem.structures import draw_particle


def small(**changes) -> ColumnsSettings:
    kept = {"height": 128, "width": 128, "diameter": (2.0, 3.0), "irregular": 0.0}
    return ColumnsSettings(**{**kept, **changes})


def frame(seed: int = 5, **changes) -> ColumnFrame:
    return draw_frame(small(**changes), np.random.default_rng(seed))


def particle(material: str, axis: str, tilt: float, seed: int = 0):
    settings = small(zone_axes=(axis,), tilt=(tilt, tilt))
    return draw_particle(settings, material, np.random.default_rng(seed))


@pytest.mark.parametrize(
    ("axis", "spacing"),
    # Nearest columns of a face-centred crystal in units of its lattice constant.
    [("100", 0.5), ("110", np.sqrt(3 / 8)), ("111", 1 / np.sqrt(6))],
)
def test_columns_of_gold_lie_as_far_apart_as_its_lattice_says(axis: str, spacing: float) -> None:
    columns = columns_of(particle("Au", axis, 0.0))
    nearest = cKDTree(columns.positions).query(columns.positions, k=2)[0][:, 1]
    assert nearest == pytest.approx(4.078 * spacing, abs=0.01)


@pytest.mark.parametrize("axis", ["100", "110", "111", "112"])
@pytest.mark.parametrize("tilt", [0.0, 3.0])
def test_every_atom_belongs_to_one_column(axis: str, tilt: float) -> None:
    for material in ("Au", "CeO2", "PbS", "Fe"):
        drawn = particle(material, axis, tilt)
        columns = columns_of(drawn)
        assert columns.atoms.sum() == len(drawn.positions)
        assert len(columns.member) == len(drawn.positions)


def test_atoms_of_a_column_of_gold_110_are_a_neighbour_distance_apart() -> None:
    drawn = particle("Au", "110", 0.0)
    columns = columns_of(drawn)
    longest = int(np.argmax(columns.atoms))
    heights = np.sort(drawn.positions[columns.member == longest, 2])
    assert np.diff(heights) == pytest.approx(4.078 / np.sqrt(2), abs=0.01)


def test_a_tilt_draws_columns_out_but_leaves_their_number() -> None:
    straight, tilted = (columns_of(particle("Pt", "110", tilt)) for tilt in (0.0, 4.0))
    assert straight.smear.max() < 0.05
    assert len(tilted.atoms) == len(straight.atoms)
    length = (tilted.atoms - 1) * 3.924 / np.sqrt(2)
    assert tilted.smear == pytest.approx(length * np.sin(np.radians(4.0)), abs=0.05)


def test_columns_fill_sites_of_the_lattice_and_the_outer_ones_are_the_surface() -> None:
    drawn = particle("Au", "100", 1.0)
    columns, lattice = columns_of(drawn), Lattice.of(drawn)
    assert lattice.filled(columns.feet).sum() == len(columns.feet)
    outer = lattice.at_surface(columns.feet)
    distance = np.hypot(*columns.feet.T)
    assert 0.2 < outer.mean() < 0.7
    assert distance[outer].mean() > distance[~outer].mean()
    assert not outer[np.argmin(distance)]


def test_the_same_generator_gives_the_same_frame_and_another_another() -> None:
    one, again, other = frame(3), frame(3), frame(4)
    assert np.array_equal(one.image, again.image)
    assert np.array_equal(one.positions, again.positions)
    assert not np.array_equal(one.image, other.image)


def test_readable_columns_lie_on_extrema_of_the_image_without_noise() -> None:
    counted = 0
    for seed in range(4):
        drawn = frame(seed, tilt=(0.0, 1.5))
        spots, _ = find_spots(drawn.clean if drawn.bright else -drawn.clean, 10 * drawn.pixel_size)
        inside = drawn.positions[drawn.readable]
        away = cKDTree(spots).query(inside)[0] * 10 * drawn.pixel_size
        assert away.max() <= 0.5
        counted += len(inside)
    assert counted > 100


def test_columns_are_bright_beyond_focus_and_dark_below_it() -> None:
    """Weak phase objects: white atoms at overfocus, black ones at underfocus (no Cs)."""
    ideal = {
        "spherical_aberration": (0, 0),
        "tilt": (0, 0),
        "diameter": (1.5, 1.5),
        "carbon": (0, 0),
    }
    assert all(frame(seed, defocus=(-5, -5), **ideal).bright for seed in range(3))
    assert not any(frame(seed, defocus=(7, 7), **ideal).bright for seed in range(3))


def test_tilted_columns_cannot_be_read() -> None:
    assert frame(6, tilt=(12.0, 12.0), zone_axes=("100",), diameter=(4, 4)).readable.mean() < 0.3


def test_columns_too_near_to_one_another_or_without_a_spot_cannot_be_read() -> None:
    rows, columns = np.mgrid[:60, :60]
    image = np.ones((60, 60))
    for y, x in ((20, 20), (40, 40)):
        image += 0.5 * np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / 18)
    positions = np.array([[20.4, 20.0], [40.0, 40.0], [41.5, 40.0], [10.0, 50.0]])
    seen = readable(image, positions, np.zeros(4), ColumnsSettings(), spacing=0.35)
    assert seen.bright
    assert seen.readable.tolist() == [True, False, False, False]
    dark = readable(2 - image, positions, np.zeros(4), ColumnsSettings(), spacing=0.35)
    assert not dark.bright and dark.readable[0]


def test_a_frame_says_what_it_shows() -> None:
    drawn = frame(2)
    assert drawn.image.shape == drawn.labels.shape == (128, 128)
    assert drawn.image.dtype == np.float32
    assert drawn.known["material"] in ("Au", "Pt", "CeO2")
    assert drawn.movie.pixel_size == drawn.pixel_size
    inside = drawn.positions[drawn.readable].round().astype(int)
    assert (drawn.labels[inside[:, 0], inside[:, 1]] > 0).all()
    electrons = drawn.conditions.dose * (10 * drawn.pixel_size) ** 2
    assert drawn.image[:8].mean() == pytest.approx(electrons, rel=0.3)


def test_a_frame_without_particles_has_no_columns() -> None:
    empty = frame(1, particles=(0, 0))
    assert len(empty.positions) == 0 and not empty.labels.any() and empty.known == {}
