"""The heterogeneity task: regions, their table, and plain words when there are none."""

import numpy as np
import pytest
from scipy import ndimage
from typer.testing import CliRunner

from napari_insitu_tem import Job, Movie, MovieError
from napari_insitu_tem.io.export import export
from napari_insitu_tem.io.write import write_movie
from napari_insitu_tem.tasks.heterogeneity import HeterogeneitySettings, heterogeneity

SETTINGS = HeterogeneitySettings(window=24)


def growing(n=4, size=160, **options) -> Movie:
    """A coarse region at the left that grows over a fine one."""
    rng = np.random.default_rng(0)
    frames = []
    for t in range(n):
        fine, coarse = (
            ndimage.gaussian_filter(rng.normal(size=(size, size)), sigma) for sigma in (1.5, 4)
        )
        edge = 50 + 15 * t
        frame = np.where(np.arange(size) < edge, coarse / coarse.std(), fine / fine.std())
        frames.append(frame * 10 + 100 + rng.normal(0, 3, frame.shape))
    return Movie(np.stack(frames).astype(np.float32), **{"name": "gel", **options})


def test_a_region_that_grows_is_followed_with_units(quiet_job):
    movie = growing(pixel_size=0.5, frame_time=2.0)
    found = heterogeneity(movie, SETTINGS, quiet_job)
    assert found.found.count == 2 and "2 kinds" in found.message
    table = found.table
    assert {"frame", "time_s", "region", "area_fraction", "area_nm2", "brightness_counts"} <= set(
        table
    )
    coarse = table.groupby("region")["contrast_at_3_px_counts"].mean().idxmax()
    share = table[table["region"] == coarse].set_index("frame")["area_fraction"]
    assert share.to_numpy() == pytest.approx([50 / 160, 65 / 160, 80 / 160, 95 / 160], abs=0.08)
    whole = table.groupby("frame")["area_nm2"].sum()
    assert whole.to_numpy() == pytest.approx(160 * 160 * 0.25)
    assert found.regions.labels.shape == movie.data.shape
    assert found.provenance.steps[-1].task == "heterogeneity"


def test_even_noise_has_no_regions_and_that_is_said(quiet_job):
    noise = Movie(np.random.default_rng(1).poisson(40, (3, 128, 128)))
    found = heterogeneity(noise, SETTINGS, quiet_job)
    assert "No structure" in found.message
    assert not np.asarray(found.regions.labels).any()
    assert found.table["area_fraction"].tolist() == [1, 1, 1]
    assert found.table["region"].tolist() == [0, 0, 0] and "area_px2" in found.table
    asked = heterogeneity(noise, HeterogeneitySettings(window=24, regions=2), quiet_job)
    assert "though there is no structure" in asked.message


def test_a_beam_that_flickers_makes_no_regions(quiet_job):
    rng = np.random.default_rng(2)
    frames = [rng.poisson(40 * beam, (128, 128)) for beam in (1, 0.9, 1.1)]
    settings = HeterogeneitySettings(window=24)
    assert heterogeneity(Movie(np.stack(frames)), settings, quiet_job).found.count == 1


def test_the_same_seed_gives_the_same_regions(quiet_job):
    one, same = (heterogeneity(growing(), SETTINGS, quiet_job) for _ in range(2))
    np.testing.assert_array_equal(one.regions.labels, same.regions.labels)


def test_frames_that_are_too_small_or_empty_are_refused_in_plain_words(quiet_job):
    with pytest.raises(MovieError, match="narrower window"):
        heterogeneity(Movie(np.ones((1, 64, 64))), HeterogeneitySettings(), quiet_job)
    with pytest.raises(MovieError, match="same everywhere"):
        heterogeneity(Movie(np.ones((1, 128, 128))), SETTINGS, quiet_job)


def test_missing_pixels_do_no_harm(quiet_job):
    movie = growing()
    movie.data[1, 20:24, 30:40] = np.nan
    found = heterogeneity(movie, SETTINGS, quiet_job)
    assert found.found.count == 2 and found.table.notna().all().all()


def test_averaging_over_frames_reads_every_frame(quiet_job):
    found = heterogeneity(growing(), HeterogeneitySettings(window=24, frames=3), quiet_job)
    assert found.regions.n_frames == 4 and found.table["frame"].nunique() == 4


def test_it_is_exported_and_a_command(tmp_path, quiet_job):
    found = heterogeneity(growing(), SETTINGS, quiet_job)
    names = {path.name for path in export(found, tmp_path / "a", job=quiet_job)}
    assert {"gel_regions.ome.tif", "gel_regions.csv", "gel_gaps.csv", "gel_regions.svg"} <= names
    write_movie(growing(), tmp_path / "gel.ome.tif", Job(on_progress=lambda _: None))
    from napari_insitu_tem.cli import app

    run = CliRunner().invoke(
        app,
        ["heterogeneity", str(tmp_path / "gel.ome.tif"), "--window", "24", "-o",
         str(tmp_path / "b")],
    )  # fmt: skip
    assert run.exit_code == 0, run.output
    assert (tmp_path / "b" / "gel_regions.csv").exists()
