"""Vacuum is found where only noise is, and nowhere else."""

import numpy as np
import pytest
from scipy import ndimage

from napari_insitu_tem import Cancelled, Job
from napari_insitu_tem.analysis.vacuum import find_vacuum, tile_size
from napari_insitu_tem.simulate.detector import DetectorSettings, detect

SIZE = 256
Y, X = np.mgrid[:SIZE, :SIZE]


def recorded(expected, rng, n=6, **camera):
    """Take n frames of the same scene, or one of each of several scenes."""
    scenes = expected if isinstance(expected, list) else [expected] * n
    return [detect(np.maximum(scene, 0), DetectorSettings(**camera), rng) for scene in scenes]


def empty(frames, tile=64):
    runs = [frames[i : i + 2] for i in range(0, len(frames), 2)]
    return find_vacuum(runs, tile)


def texture(rng, sigma=3.0):
    pattern = ndimage.gaussian_filter(rng.normal(size=(SIZE, SIZE)), sigma, mode="wrap")
    return pattern / pattern.std()


@pytest.mark.parametrize("dose", [0.5, 5, 300])
@pytest.mark.parametrize("n", [1, 2, 6])
def test_frames_of_vacuum_are_empty_at_any_dose(dose, n, rng):
    found = empty(recorded(np.full((SIZE, SIZE), dose), rng, n))
    assert found.empty.mean() >= 0.85
    assert not found.faint_pattern


def test_uneven_illumination_is_no_structure(rng):
    light = 30 * (1 - 0.4 * ((X - 100) ** 2 + (Y - 150) ** 2) / SIZE**2)
    assert empty(recorded(light, rng)).empty.all()


def test_tiles_with_a_particle_are_not_empty_and_all_others_are(rng):
    scene = np.full((SIZE, SIZE), 20.0)
    scene[(Y - 96) ** 2 + (X - 160) ** 2 < 15**2] = 12
    found = empty(recorded(scene, rng)).empty
    assert not found[1, 2]
    assert found.sum() == 15


def test_a_particle_that_jumps_about_is_found_too(rng):
    scenes = []
    for centre in (70, 100, 85, 120, 75, 110):
        scene = np.full((SIZE, SIZE), 50.0)
        scene[(Y - centre) ** 2 + (X - centre) ** 2 < 15**2] = 20
        scenes.append(scene)
    found = empty(recorded(scenes, rng)).empty
    assert not found[1, 1]
    assert found[2:, 2:].all()


@pytest.mark.parametrize("moving", [False, True])
def test_there_is_no_vacuum_in_a_textured_film(moving, rng):
    film = 40 * (1 + 0.2 * texture(rng))
    scenes = [np.roll(film, 17 * i * moving, axis=1) for i in range(6)]
    found = empty(recorded(scenes, rng))
    assert not found.empty.any()
    assert sum(found.refused.values()) == found.examined == found.empty.size


def test_there_is_no_vacuum_in_a_single_frame_of_film(rng):
    assert not empty(recorded(40 * (1 + 0.2 * texture(rng)), rng, 1)).empty.any()


def test_there_is_no_vacuum_in_a_lattice(rng):
    lattice = 40 * (1 + 0.2 * np.cos(2 * np.pi * X / 9) * np.cos(2 * np.pi * Y / 9))
    for n in (1, 6):
        assert not empty(recorded(lattice, rng, n)).empty.any()


def test_a_faint_pattern_that_stays_is_let_pass_and_said(rng):
    film = 40 * (1 + 0.02 * texture(rng, 1.5))
    found = empty(recorded(film, rng, 12))
    assert found.empty.mean() > 0.7
    assert found.faint_pattern


def test_constant_saturated_and_missing_tiles_are_refused(rng):
    frames = recorded(np.full((SIZE, SIZE), 30.0), rng, number_type="float32")
    clipped = [np.clip(frame / 4, 0, 255).astype(np.uint8) for frame in frames]
    for frame, small in zip(frames, clipped, strict=True):
        frame[:64, :64] = np.nan
        frame[64:128, :64] = 7
        small[:64, :64] = 255
    found = empty(frames)
    assert not found.empty[:2, 0].any()
    assert found.empty[2:].all()
    assert found.refused == {"missing pixels": 1, "constant": 1}
    assert not empty(clipped).empty[0, 0]


def test_the_mask_covers_the_empty_tiles_and_nothing_beyond_them(rng):
    frames = [frame[:200, :230] for frame in recorded(np.full((SIZE, SIZE), 30.0), rng)]
    mask = empty(frames).mask
    assert mask.shape == (200, 230)
    assert mask[:192, :192].all()
    assert not mask[192:].any() and not mask[:, 192:].any()


def test_tiles_suit_the_frame():
    assert tile_size((1024, 512)) == 64
    assert tile_size((100, 1024)) == 32
    assert tile_size((31, 1024)) is None


def test_a_cancel_takes_effect_within_a_frame(rng):
    frames = recorded(np.full((SIZE, SIZE), 30.0), rng, 2)
    with pytest.raises(Cancelled):
        find_vacuum([frames], 64, Job(is_cancelled=lambda: True))


def test_of_a_very_large_frame_a_thousand_tiles_are_looked_at(rng):
    frames = [rng.poisson(9, (64 * 40, 64 * 50)).astype(np.uint8) for _ in range(2)]
    found = find_vacuum([frames], 64)
    assert 400 < found.examined <= 1024
    assert found.empty.sum() > 0.95 * found.examined
    assert found.mask.mean() == pytest.approx(found.empty.sum() / found.empty.size)
