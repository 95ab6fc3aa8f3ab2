"""Species: shifts of focal series, columns, lattice, sites, vacancies, order, links."""

from itertools import permutations

import numpy as np
import pytest
from scipy.spatial import cKDTree

import focal_sheets as fs
from napari_insitu_tem.analysis.species import SpeciesError
from napari_insitu_tem.analysis.species.honeycomb import Honeycomb, fit_honeycomb
from napari_insitu_tem.analysis.species.linking import link_sites
from napari_insitu_tem.analysis.species.order import lattice_contrasts
from napari_insitu_tem.analysis.species.peaks import find_columns
from napari_insitu_tem.analysis.species.registration import find_shift, register_series
from napari_insitu_tem.analysis.species.sites import EMPTY, SPECIES, read_sites
from napari_insitu_tem.analysis.species.usable import trouble_with

AREA = (slice(4, 252), slice(4, 252))


def bond(truth):
    return fs.BOND / truth.pixel_size


def read(truth, maps, **options):
    columns = find_columns(maps, bond=1.02 * bond(truth), threshold=0.4)
    lattice = fit_honeycomb(columns.positions, columns.masses, bond=1.02 * bond(truth))
    return columns, lattice, read_sites(maps, columns, lattice, area=AREA, **options)


def inside(place):
    return np.all((np.asarray(place) >= 4) & (np.asarray(place) <= 251), axis=-1)


@pytest.mark.parametrize("missing", [0.0, 0.05])
def test_shifts_are_found_to_a_few_picometres_though_contrast_turns_round(missing):
    truth = fs.sheet(seed=2, angle=31, missing=missing)
    shifts = np.array([(0, 0), (3.3, -2.6), (-1.7, 4.9)])
    images = fs.images(truth, shifts=shifts, dose=1000)
    found = register_series(images, pixel_size=truth.pixel_size)
    assert np.all(found[0].pixels == 0)
    for shift, expected in zip(found, shifts, strict=True):
        assert np.hypot(*(shift.pixels - expected)) * truth.pixel_size < 0.005
        assert shift.evidence > 30


def test_defects_tell_shifts_beyond_half_a_lattice_vector():
    truth = fs.sheet(seed=3, angle=8, missing=0.08)
    shifts = np.array([(0, 0), (10.0, 0.0), (0, -9.5)])  # 0.25 and 0.24 nm of 0.316 nm
    images = fs.images(truth, shifts=shifts, dose=4000)
    for shift, expected in zip(register_series(images, pixel_size=0.025), shifts, strict=True):
        assert np.hypot(*(shift.pixels - expected)) < 0.3


def test_images_without_anything_in_common_have_next_to_no_evidence(rng):
    noise = rng.poisson(20, (2, 200, 200)).astype(float)
    assert find_shift(noise[1], noise[0], pixel_size=0.025).evidence < 10


def test_images_of_unequal_size_are_refused():
    with pytest.raises(ValueError, match="cannot be laid over"):
        find_shift(np.ones((64, 64)), np.ones((64, 65)), pixel_size=0.02)


def test_columns_are_found_once_and_to_a_fraction_of_a_pixel():
    truth = fs.sheet(angle=22, seed=1)
    maps = fs.class_maps(truth, noise=0.1, confusion=0.3)
    columns = find_columns(maps, bond=bond(truth), threshold=0.4)
    kept = inside(truth.positions)
    distance, which = cKDTree(columns.positions).query(truth.positions[kept])
    assert np.all(distance < 1) and len(set(which)) == kept.sum()
    assert np.sqrt(np.mean(distance**2)) < 0.15
    assert abs(len(columns) - len(truth.positions)) < 0.1 * len(truth.positions)


@pytest.mark.parametrize("angle", [0, 13, 29.9, 44, 59])
def test_lattice_and_sublattices_are_found_whatever_the_direction(angle):
    truth = fs.sheet(angle=angle, seed=4)
    columns, lattice, sites = read(truth, fs.class_maps(truth, noise=0.05, confusion=0.1))
    assert lattice.bond == pytest.approx(bond(truth), rel=2e-3)
    assert lattice.certainty > 0.5
    distance, which = cKDTree(sites.positions).query(truth.positions[inside(truth.positions)])
    species = truth.species[inside(truth.positions)]
    assert np.mean(np.array([*SPECIES, ""])[sites.kind[which]] == species) > 0.99
    assert np.array_equal(sites.metal[which], species == "Mo")


def test_sites_beside_a_column_have_three_neighbours_of_the_other_kind():
    lattice = Honeycomb(np.zeros(2), np.array([(0, 1.0), (np.sqrt(0.75), 0.5)]))
    points = np.array([(0, 0), (1, 0), (0, 1), (1, 1), (2, -1), (3, 0)])
    assert lattice.sublattice(points).tolist() == [0, 1, 2, 0, 0, 0]
    assert lattice.bond == pytest.approx(1)


@pytest.mark.parametrize("seed", range(3))
def test_vacancies_of_every_kind_are_counted(seed):
    truth = fs.sheet(seed=seed, angle=17 * seed, missing=0.1)
    _, _, sites = read(truth, fs.class_maps(truth, noise=0.05, confusion=0.1))
    lost = [(place, kind) for *place, kind in truth.vacancies if inside(place)]
    empty = sites.inside & (sites.kind == EMPTY)
    counts = {
        "Mo": np.count_nonzero(empty & sites.metal),
        "2S": np.count_nonzero(empty & ~sites.metal),
        "S": np.count_nonzero(sites.kind == SPECIES.index("S")),
    }
    for kind, count in counts.items():
        assert abs(count - sum(each == kind for _, each in lost)) <= 1


def test_the_world_beside_the_sheet_is_no_vacancy():
    truth = fs.sheet(half=130, seed=5, missing=0.0)
    _, _, sites = read(truth, fs.class_maps(truth))
    assert np.count_nonzero(sites.inside & (sites.kind == EMPTY)) == 0
    assert np.count_nonzero(sites.kind == EMPTY) > 300


def test_a_hole_larger_than_allowed_is_a_pore():
    truth = fs.sheet(seed=6, missing=0.0)
    away = np.hypot(*(truth.positions - 128).T)
    kept = away > 2.4 * bond(truth)
    holed = fs.Sheet(truth.shape, truth.pixel_size, truth.positions[kept], truth.species[kept], [])
    gone = int((~kept).sum())
    for largest, expected in ((gone + 2, gone), (gone - 3, 0)):
        _, _, sites = read(holed, fs.class_maps(holed), largest_hole=largest)
        assert np.count_nonzero(sites.inside & (sites.kind == EMPTY)) == expected


def test_noise_and_other_lattices_are_refused_in_plain_words(rng):
    places = rng.uniform(0, 250, (300, 2))
    with pytest.raises(SpeciesError, match="no honeycomb"):
        fit_honeycomb(places, np.ones((300, 3)), bond=7.3)
    with pytest.raises(SpeciesError, match="Only 3 columns"):
        fit_honeycomb(places[:3], np.ones((3, 3)), bond=7.3)
    assert len(find_columns(np.zeros((3, 64, 64)), bond=7.3, threshold=0.4)) == 0


@pytest.mark.parametrize("dose", [50.0, 1000.0])
@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_images_in_a_wrong_order_are_told_by_the_contrast_of_their_lattice(order, dose):
    truth = fs.sheet(seed=7, angle=21)
    images = fs.images(truth, dose=dose)[list(order)]
    found = lattice_contrasts(list(images), bond=1.02 * bond(truth))
    assert found.clear and found.out_of_order == (order != (0, 1, 2))
    assert tuple(order[at] for at in found.best) == (0, 1, 2)
    assert found.dark == (order[0] == 2)


def test_one_image_tells_whether_its_atoms_are_bright_or_dark():
    truth = fs.sheet(seed=8, angle=40)
    over, _, under = fs.images(truth)
    for image, dark in ((over, False), (under, True)):
        found = lattice_contrasts([image], bond=bond(truth))
        assert found.clear and found.dark == dark and not found.out_of_order


def test_noise_and_images_that_do_not_lie_over_each_other_tell_no_order(rng):
    noise = rng.poisson(20, (3, 200, 200)).astype(float)
    assert not lattice_contrasts(list(noise), bond=7.3).clear
    truth = fs.sheet(seed=7)
    moved = fs.images(truth, shifts=[(0, 0), (4, 1), (-2, 3)])[::-1]
    found = lattice_contrasts(list(moved), bond=bond(truth))
    assert not found.clear and not found.out_of_order


def test_a_vacancy_keeps_its_number_also_when_it_is_missed_once():
    first = np.array([(10.0, 10), (50, 50)])
    numbers = link_sites(
        [first, first[:1] + 0.4, np.array([(50.3, 50), (90, 9)]), np.zeros((0, 2))], reach=3
    )
    assert [each.tolist() for each in numbers] == [[1, 2], [1], [2, 3], []]


def test_images_that_show_nothing_are_named(rng):
    assert trouble_with(rng.poisson(0.4, (100, 100))) is None
    assert trouble_with(rng.poisson(30, (100, 100)).astype(np.uint8)) is None
    assert "constant" in trouble_with(np.ones((100, 100)))
    assert "saturated" in trouble_with(np.minimum(rng.poisson(30, (100, 100)), 31))
    assert "only 20 x 100" in trouble_with(np.ones((100, 20)))
    assert "missing" in trouble_with(np.full((100, 100), np.nan))
