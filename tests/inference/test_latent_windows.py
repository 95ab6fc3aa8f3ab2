"""Latents of all windows of a frame: shared computation equals separate windows."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lattices import tiny_network
from napari_insitu_tem.analysis.windows import WindowGrid, unit_frame, unit_windows, windows_of
from napari_insitu_tem.inference import latent_windows
from napari_insitu_tem.inference.latent_decoder import decode, encode, traverse
from napari_insitu_tem.inference.latent_windows import WindowEncoder

NETWORK = tiny_network()


def separate(network, values, grid):
    """Encode every window by itself, one after another."""
    windows = windows_of(values, grid).reshape(-1, 64, 64)
    with torch.no_grad():
        found = [
            network.encode_mean(torch.from_numpy(np.array(window))[None, None])[0, :, 0, 0]
            for window in windows
        ]
    return torch.stack(found).numpy().reshape(*grid.shape, -1)


@settings(max_examples=8)
@given(st.sampled_from([3, 4, 8, 12, 16, 20]), st.integers(64, 97), st.integers(64, 90))
def test_shared_windows_are_those_of_separate_ones_at_any_step(step, height, width):
    rng = np.random.default_rng(0)
    if step < 4:
        height, width = min(height, 70), min(width, 67)
    frame = rng.normal(10, 3, (height, width)).astype(np.float32)
    encoder = WindowEncoder(NETWORK, step=step)
    grid = WindowGrid.of(frame.shape, 64, step)
    found = encoder.frame(frame)
    assert found.shape == (*grid.shape, 6) and found.std() > 1e-3
    np.testing.assert_allclose(found, separate(NETWORK, unit_frame(frame), grid), atol=1e-4)


def test_frames_larger_than_memory_allows_go_through_in_strips(monkeypatch, rng):
    frame = rng.normal(size=(120, 90)).astype(np.float32)
    whole = WindowEncoder(NETWORK).frame(frame)
    monkeypatch.setattr(latent_windows, "_AT_ONCE", 90 * 80)
    np.testing.assert_allclose(WindowEncoder(NETWORK).frame(frame), whole, atol=1e-5)


@pytest.mark.parametrize("name", ["patchvae", "patchvae-paper"])
def test_windows_scaled_by_themselves_are_encoded_by_themselves(name, rng, monkeypatch):
    monkeypatch.setattr(latent_windows, "_BATCH", 4)
    network = tiny_network(name)
    frame = (rng.normal(size=(80, 88)) + np.linspace(0, 30, 88)).astype(np.float32)
    found = WindowEncoder(network, scaling="window").frame(frame)
    for row, column in ((0, 0), (2, 3), (1, 2)):
        window = frame[8 * row : 8 * row + 64, 8 * column : 8 * column + 64]
        wanted = encode(network, unit_windows(window)[None])[0]
        np.testing.assert_allclose(found[row, column], wanted, atol=1e-4)


def test_the_published_network_takes_whole_frames_on_one_scale_too(rng):
    network = tiny_network("patchvae-paper")
    frame = rng.normal(size=(72, 80)).astype(np.float32)
    grid = WindowGrid.of(frame.shape, 64, 8)
    found = WindowEncoder(network).frame(frame)
    np.testing.assert_allclose(found, separate(network, unit_frame(frame), grid), atol=1e-4)


def test_a_movie_is_encoded_frame_by_frame_and_missing_pixels_do_no_harm(rng):
    frames = rng.normal(size=(3, 72, 80)).astype(np.float32)
    encoder = WindowEncoder(NETWORK)
    for latents, frame in zip(encoder.movie(iter(frames)), frames, strict=True):
        np.testing.assert_array_equal(latents, encoder.frame(frame))
    frames[0, 5, 5] = np.nan
    assert np.isfinite(encoder.frame(frames[0])).all()


def test_a_traversal_changes_one_latent_and_nothing_else():
    start = np.linspace(-1, 1, 6).astype(np.float32)
    values = np.array([-2.0, start[4], 2.0])
    pictures = traverse(NETWORK, start, 4, values)
    assert pictures.shape == (3, 64, 64) and pictures.min() >= 0 and pictures.max() <= 1
    np.testing.assert_allclose(pictures[1], decode(NETWORK, start[None])[0], atol=1e-6)
    other = start.copy()
    other[4] = 2
    np.testing.assert_allclose(pictures[2], decode(NETWORK, other[None])[0], atol=1e-6)
