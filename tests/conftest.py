"""Fixtures shared by all tests."""

from pathlib import Path

import hypothesis
import numpy as np
import pytest

from napari_insitu_tem import Job, Movie

# The same examples every time, so that a change is to blame when a test fails. To search for
# new ones: pytest --hypothesis-profile=explore
hypothesis.settings.register_profile("steady", derandomize=True, deadline=None)
hypothesis.settings.register_profile("explore", deadline=None, max_examples=500)
hypothesis.settings.load_profile("steady")

RECORDINGS = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture
def recordings() -> Path:
    """The folder of real recordings beside the checkout; skips where it is absent."""
    if not RECORDINGS.is_dir():
        pytest.skip("the real recordings (../shared/data) are not on this machine")
    return RECORDINGS


@pytest.fixture
def quiet_job() -> Job:
    """A job that reports to nobody."""
    return Job(on_progress=lambda progress: None)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def small_movie(rng) -> Movie:
    """Eight calibrated frames of noise."""
    return Movie(
        rng.poisson(50, (8, 48, 64)).astype(np.uint16),
        pixel_size=0.5,
        frame_time=0.1,
        name="small",
    )
