"""How evenly a crystal's pairs of peaks are lit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_insitu_tem.analysis.fourier.evenness import evenness
from napari_insitu_tem.analysis.fourier.pairs import Pair, find_pairs
from napari_insitu_tem.analysis.fourier.spectrum import Spectrum
from napari_insitu_tem.analysis.fourier.window import Window
from napari_insitu_tem.simulate.hrtem import HrtemSettings, draw_frame


def pair(angle: float, amplitude: float = 1.0, spacing: float = 8.0, error: float = 0.01) -> Pair:
    turn = np.radians(angle)
    frequency = np.array([-np.sin(turn), np.cos(turn)]) / spacing
    return Pair(frequency, np.eye(2) * 1e-6, amplitude, error, 0.0, 1.0, 100.0)


@given(first=st.floats(0, 180), amplitude=st.floats(0.1, 1e4), count=st.integers(2, 6))
def test_the_same_in_all_directions_is_one(first, amplitude, count):
    pairs = [pair(first + 180 * i / count, amplitude, error=0.0) for i in range(count)]
    assert evenness(pairs) == pytest.approx(1)


@given(angle=st.floats(0, 180), amplitudes=st.lists(st.floats(0.1, 10), min_size=0, max_size=5))
def test_one_row_of_peaks_has_none(angle, amplitudes):
    row = [pair(angle, each, 8 / (order + 1)) for order, each in enumerate(amplitudes)]
    assert evenness(row) == pytest.approx(0, abs=1e-9)


@settings(max_examples=50)
@given(
    angles=st.lists(st.floats(0, 180), min_size=2, max_size=6),
    turn=st.floats(0, 180),
    scale=st.floats(0.01, 100),
)
def test_it_does_not_depend_on_rotation_strength_or_pixel_size(angles, turn, scale):
    pairs = [pair(angle, 1 + i, 6 + i, 0.0) for i, angle in enumerate(angles)]
    other = [
        pair(angle + turn, scale * (1 + i), 2 * (6 + i), 0.0) for i, angle in enumerate(angles)
    ]
    value = evenness(pairs)
    assert 0 <= value <= 1
    assert evenness(other) == pytest.approx(value, abs=1e-6)


def test_it_falls_as_one_of_two_pairs_fades():
    values = [evenness([pair(10), pair(100, strength)]) for strength in (1, 0.5, 0.2, 0.05, 0.0)]
    assert values == sorted(values, reverse=True)
    assert values[0] == pytest.approx(1, abs=1e-3) and values[-1] == pytest.approx(0, abs=1e-9)


def test_a_pair_that_is_all_noise_does_not_count():
    assert evenness([pair(10), pair(100, 0.1, error=0.1)]) == pytest.approx(0, abs=1e-9)


def test_it_tells_crystals_on_their_axis_from_tilted_ones():
    values: dict[bool, list[float]] = {True: [], False: []}
    for seed in range(16):
        on_axis = seed % 2 == 0
        made = draw_frame(
            HrtemSettings(
                height=160, width=160, particles=(1, 1), diameter=(4.0, 5.0), twinned=0.0,
                materials=("Au", "Pt"), zone_axes=("100", "110"), dose=(200, 200),
                tilt=(0.0, 0.5) if on_axis else (5.0, 8.0), pixel_size=(0.03, 0.04),
                uncorrected=0.0, energies=(300.0,), defocus=(4.0, 9.0), astigmatism=(0.0, 1.0),
                spherical_aberration=(-10.0, 5.0), carbon=(0.0, 3.0),
            ),
            np.random.default_rng(seed),
        )  # fmt: skip
        mask = made.labels == 1
        if np.count_nonzero(mask) * made.pixel_size**2 > 5:
            window = Window.of_mask(mask)
            pairs = find_pairs(Spectrum.of(made.image, window), longest=0.45 / made.pixel_size)
            values[on_axis].append(evenness(pairs))
    assert np.mean(values[True]) > np.mean(values[False]) + 0.3
