"""The zone-axis task: map, particles, interpretable frames, and what can go wrong."""

import numpy as np
import pytest

from napari_insitu_tem import Cancelled, Job, Movie, MovieError
from napari_insitu_tem.analysis.fourier import FourierError
from napari_insitu_tem.tasks.zone_axis import ZoneAxisSettings, zone_axis
from tilting import tilting_movie

QUIET = Job(on_progress=lambda _: None, on_log=lambda _: None)


@pytest.fixture(scope="module")
def tilting():
    return tilting_movie()


@pytest.fixture(scope="module")
def found(tilting):
    return zone_axis(tilting.movie, ZoneAxisSettings(), QUIET)


def test_the_particle_that_tilts_away_stops_being_interpretable(tilting, found):
    table = found.table
    assert sorted(set(table["particle"])) == [1, 2] and len(table) == 6
    left = table.loc[table["x"] < 104, "particle"].iloc[0]
    frames = found.interpretable()
    assert frames[left].tolist() == [0]
    assert frames[3 - left].tolist() == [0, 1, 2]


def test_the_map_is_bright_on_the_zone_axis_and_zero_beside_particles(tilting, found):
    values = np.asarray(found.map.data)
    assert values.shape == tilting.movie.data.shape and values.dtype == np.float32
    assert values.min() >= 0 and values.max() <= 1
    left, right = (values[:, tilting.labels[0] == label].mean(axis=1) for label in (1, 2))
    assert left[0] > 1.5 * left[1] and right.min() > 0.6
    assert values[:, :8].max() < 0.1


def test_tables_and_figures_are_in_published_units(found):
    tables = found.tables()
    assert {"y_nm", "equivalent_diameter_nm", "evenness", "interpretable"} <= set(
        tables["zone_axis"]
    )
    assert not tables["zone_axis"].isna().any(axis=None)
    assert tables["threshold"]["images_kept"].iloc[0] == 6
    assert found.tables(1.0)["zone_axis"]["interpretable"].sum() == 0
    from matplotlib.figure import Figure

    for draw in found.drawings().values():
        assert len(draw(Figure().add_subplot()).data)
    assert "of 2 particles" in found.message
    assert found.provenance.steps[-1].models["particles-hrtem"]


def test_frames_without_particles_and_constant_frames_are_said_not_measured(tilting):
    movie = tilting.movie
    empty = movie.replace(data=np.full((1, 96, 96), 20, np.uint8))
    nothing = zone_axis(empty, ZoneAxisSettings(), QUIET)
    assert nothing.table.empty and "No particles" in nothing.message
    assert nothing.tables() == {} and nothing.drawings() == {}
    assert not np.asarray(nothing.map.data).any()


def test_a_saturated_particle_counts_as_not_interpretable_and_says_so(tilting):
    frame = np.asarray(tilting.movie.frame(0), float)
    scaled = np.clip(frame / np.percentile(frame, 40) * 255, 0, 255).astype(np.uint8)
    movie = tilting.movie.replace(data=scaled[np.newaxis])
    result = zone_axis(movie, ZoneAxisSettings(), QUIET)
    if len(result.table):
        assert (result.table["evenness"] == 0).all() and "saturated" in result.message


def test_what_cannot_be_done_is_refused_in_plain_words(tilting):
    with pytest.raises(MovieError, match="no pixel size"):
        zone_axis(Movie(np.ones((1, 64, 64)), name="plain"), ZoneAxisSettings(), QUIET)
    with pytest.raises(FourierError, match="smaller than a window"):
        zone_axis(tilting.movie, ZoneAxisSettings(window=20), QUIET)
    with pytest.raises(FourierError, match="too small for fringes"):
        zone_axis(tilting.movie, ZoneAxisSettings(window=0.5), QUIET)
    with pytest.raises(ValueError, match="longest spacing"):
        ZoneAxisSettings(shortest=0.5)


def test_cancel_takes_effect_while_the_map_is_made(tilting):
    seen = []

    def note(progress):
        seen.append(progress)

    def stop():
        return bool(seen) and seen[-1].description.startswith("Mapping") and seen[-1].done > 1

    with pytest.raises(Cancelled):
        zone_axis(tilting.movie, ZoneAxisSettings(), Job(on_progress=note, is_cancelled=stop))
    assert seen[-1].done < seen[-1].total / 2


def test_the_same_input_gives_the_same_map(tilting):
    first = tilting.movie.replace(data=np.asarray(tilting.movie.data)[:1])
    one, other = (zone_axis(first, ZoneAxisSettings(), QUIET) for _ in range(2))
    assert np.array_equal(np.asarray(one.map.data), np.asarray(other.map.data))
    assert one.table.equals(other.table)
