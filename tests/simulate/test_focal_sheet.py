"""Sheets of MoS2: lattice, columns and vacancies."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from napari_insitu_tem.settings import SettingsError
from napari_insitu_tem.simulate.focal import FocalSettings
from napari_insitu_tem.simulate.focal.sheet import HALF_THICKNESS, SPECIES, Sheet, draw_sheet

WHOLE = {
    "sulphur_vacancies": (0, 0),
    "double_vacancies": (0, 0),
    "molybdenum_vacancies": (0, 0),
    "rows": 0,
    "holes": 0,
    "edges": 0,
    "contaminated": 0,
}
PERFECT = WHOLE | {
    "displacement": (0, 0),
    "strain": (0, 0),
    "tilt": (0, 0),
    "lattice_constant": (3.18, 3.18),
}
EXTENT = (50.0, 60.0)


def sheet_of(seed: int = 0, **values) -> Sheet:
    return draw_sheet(FocalSettings(**values), EXTENT, np.random.default_rng(seed))


def within(places: np.ndarray, margin: float = 8.0) -> np.ndarray:
    return ((places > margin) & (places < np.array(EXTENT) - margin)).all(axis=1)


def test_every_atom_of_mo_has_three_columns_of_s_at_the_length_of_the_cell_over_root_three():
    sheet = sheet_of(**PERFECT)
    middle = sheet.sulphur.mean(axis=1)
    inner = sheet.molybdenum[within(sheet.molybdenum)]
    distance, _ = cKDTree(middle).query(inner, k=4)
    assert distance[:, :3] == pytest.approx(3.18 / np.sqrt(3), abs=1e-6)
    assert (distance[:, 3] > 3).all()


def test_the_lattice_has_the_density_of_the_cell():
    sheet = sheet_of(**PERFECT)
    places = np.concatenate([sheet.molybdenum, sheet.sulphur.mean(axis=1)])
    inside = ((places >= 0) & (places < np.array(EXTENT))).all(axis=1).sum()
    assert inside == pytest.approx(2 * EXTENT[0] * EXTENT[1] / (3.18**2 * np.sqrt(0.75)), rel=0.03)


def test_a_tilt_moves_the_two_atoms_of_a_column_apart():
    sheet = sheet_of(**PERFECT | {"tilt": (3, 3)})
    apart = np.linalg.norm(sheet.sulphur[:, 1] - sheet.sulphur[:, 0], axis=1)
    assert apart == pytest.approx(2 * HALF_THICKNESS * np.sin(np.radians(3)))


def test_atoms_columns_and_vacancies_add_up():
    sheet = sheet_of(3, rows=1, holes=0, edges=0)
    places, species = sheet.columns
    empty, kinds = sheet.vacancies
    n_s = int(sheet.has_sulphur.sum())
    assert set(species) <= set(SPECIES)
    assert (species == "Mo").sum() + (kinds == "Mo").sum() == len(sheet.molybdenum)
    assert (species == "2S").sum() * 2 + (species == "S").sum() == n_s
    assert (kinds == "S").sum() == (species == "S").sum() > 0
    assert (kinds == "2S").sum() + (species != "Mo").sum() == len(sheet.sulphur)
    assert sum(len(atoms) for _, atoms in sheet.layers) == n_s + (species == "Mo").sum()
    assert len(places) == len(species)
    assert len(empty) == len(kinds)


def test_vacancies_are_as_many_as_was_asked_for():
    shares = {"sulphur_vacancies": (0.1, 0.1), "double_vacancies": (0.05, 0.05)}
    sheets = [sheet_of(seed, **WHOLE | shares) for seed in range(12)]
    atoms = np.concatenate([sheet.has_sulphur.sum(axis=1) for sheet in sheets])
    assert (atoms == 1).mean() == pytest.approx(0.1, abs=0.015)
    assert (atoms == 0).mean() == pytest.approx(0.05, abs=0.012)


def test_a_row_of_vacancies_lies_along_the_lattice():
    sheet = sheet_of(5, **PERFECT | {"rows": 1})
    places, kinds = sheet.vacancies
    assert set(kinds) == {"S"}
    assert 1 <= len(places) <= 8
    steps = np.diff(places[np.lexsort(places.T)], axis=0)
    if len(steps):
        assert np.linalg.matrix_rank(steps, tol=1e-3) == 1


def test_a_hole_leaves_no_vacancies():
    whole, holed = sheet_of(7, **PERFECT), sheet_of(7, **PERFECT | {"holes": 1})
    assert len(holed.columns[0]) < len(whole.columns[0])
    assert len(holed.vacancies[0]) == 0


def test_an_edge_leaves_vacuum_on_one_side():
    sheet = sheet_of(8, **PERFECT | {"edges": 1})
    places, _ = sheet.columns
    distance, _ = cKDTree(places).query(np.argwhere(np.ones((50, 60))))
    assert distance.max() > 5


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"dose": (0, 10)}, "dose must be above 0"),
        ({"pixel_size": (0.03, 0.02)}, "from low to high"),
        ({"pixel_size": (0.05, 0.2)}, "columns would not show"),
        ({"sulphur_vacancies": (0, 0.9), "double_vacancies": (0, 0.3)}, "more than all columns"),
        ({"tilt": (0, 30)}, "tilt must not exceed"),
        ({"energies": ()}, "energies must lie"),
        ({"drift": (-1, 1)}, "drift must not be below 0"),
    ],
)
def test_settings_that_make_no_sense_are_refused_in_plain_words(values, words):
    with pytest.raises(SettingsError, match=words):
        FocalSettings.from_dict(values)
