"""Whole simulated HRTEM frames: what is in them, and what is said about them."""

import numpy as np
import pytest

from napari_insitu_tem.settings import SettingsError
from napari_insitu_tem.simulate.detector import modulation_transfer_function
from napari_insitu_tem.simulate.hrtem import HrtemSettings, draw_frame
from napari_insitu_tem.simulate.hrtem.imaging import Conditions, record

#: A good corrected microscope, so that fringes show.
GOOD = {
    "uncorrected": 0.0,
    "energies": (300.0,),
    "defocus": (6.0, 6.0),
    "spherical_aberration": (-15.0, -15.0),
    "astigmatism": (0.0, 0.0),
    "focal_spread": (3.0, 3.0),
    "vibration": (0.2, 0.2),
    "inelastic": (0.0, 0.0),
    "illumination": (0.0, 0.0),
    "readout_noise": (0.0, 0.0),
}
EMPTY = {**GOOD, "particles": (0, 0), "carbon": (0.0, 0.0)}


def frame(seed: int = 0, **settings):
    size = {"height": 96, "width": 128, **settings}
    return draw_frame(HrtemSettings(**size), np.random.default_rng(seed))


def test_the_same_seed_gives_the_same_frame_and_another_seed_another_one():
    first, again, other = frame(3), frame(3), frame(4)
    assert np.array_equal(first.image, again.image)
    assert np.array_equal(first.labels, again.labels)
    assert first.particles == again.particles
    assert first.conditions == again.conditions
    assert not np.array_equal(first.image, other.image)


def test_a_frame_has_the_size_and_types_that_were_asked_for():
    drawn = frame()
    assert drawn.image.shape == drawn.labels.shape == (96, 128)
    assert drawn.image.dtype == np.float32
    assert drawn.labels.dtype == np.int32
    assert 0.03 <= drawn.pixel_size <= 0.06


def test_vacuum_holds_the_dose_and_its_shot_noise():
    settings = {**EMPTY, "dose": (200.0, 200.0), "mtf_c2": (100.0, 100.0), "mtf_c1": (0.0, 0.0)}
    drawn = frame(height=256, width=256, **settings)
    electrons = 200 * (10 * drawn.pixel_size) ** 2
    assert drawn.image.mean() == pytest.approx(electrons, rel=0.01)
    assert drawn.image.var() == pytest.approx(electrons, rel=0.03)
    assert (drawn.labels == 0).all()
    assert drawn.particles == ()


@pytest.mark.parametrize("reduction", [1.0, 3.0])
def test_the_noise_of_vacuum_follows_the_cameras_transfer(reduction):
    camera = {"mtf_c2": (0.3, 0.3), "mtf_c3": (2.5, 2.5), "mtf_c1": (0.0, 0.0)}
    settings = {**EMPTY, **camera, "dose": (500.0, 500.0), "reduction": (reduction, reduction)}
    drawn = frame(height=256, width=256, **settings)
    image = drawn.image - drawn.image.mean()
    power = np.abs(np.fft.rfft2(image)) ** 2 / image.size / drawn.image.mean()
    q = np.hypot(np.fft.fftfreq(256)[:, None], np.fft.rfftfreq(256)[None, :])
    for low, high in ((0.05, 0.1), (0.2, 0.25), (0.4, 0.45)):
        ring = (q > low) & (q < high)
        transfer = modulation_transfer_function(q[ring] / reduction, 1.0, 0.0, 0.3, 2.5)
        assert power[ring].mean() == pytest.approx((transfer**2).mean(), rel=0.08)


@pytest.mark.parametrize(("material", "lattice"), [("Au", 4.078), ("MgO", 4.212)])
def test_the_fringes_of_a_cube_axis_are_those_of_the_lattice(material, lattice):
    drawn = frame(
        seed=1, height=256, width=256, materials=(material,), particles=(1, 1), zone_axes=("100",),
        tilt=(0.0, 0.0), diameter=(6.0, 6.0), irregular=1.0, twinned=0.0, carbon=(0.0, 0.0),
        dose=(1e5, 1e5), pixel_size=(0.04, 0.04), **GOOD,
    )  # fmt: skip
    window = np.hanning(256)[:, None] * np.hanning(256)[None, :]
    size = 2048
    power = np.abs(np.fft.rfft2((drawn.image - drawn.image.mean()) * window, (size, size)))
    q = np.hypot(np.fft.fftfreq(size, 0.4)[:, None], np.fft.rfftfreq(size, 0.4)[None, :])
    peak = q.flat[np.argmax(np.where((q > 0.40) & (q < 0.6), power, 0))]
    assert 1 / peak == pytest.approx(lattice / 2, rel=0.01)


def test_labels_lie_where_the_particles_change_the_image():
    drawn = frame(
        seed=2, height=192, width=192, materials=("Pt",), particles=(2, 2), diameter=(2.5, 3.5),
        tilt=(0.0, 2.0), zone_axes=("110",), carbon=(0.0, 0.0), dose=(1e5, 1e5), film_edge=0.0,
        pixel_size=(0.05, 0.05), **GOOD,
    )  # fmt: skip
    assert len(drawn.particles) == 2
    inside, outside = drawn.image[drawn.labels > 0], drawn.image[drawn.labels == 0]
    assert inside.std() > 8 * np.percentile(np.abs(outside - np.median(outside)), 68)
    for number, particle in enumerate(drawn.particles, start=1):
        y, x = np.nonzero(drawn.labels == number)
        if 20 < particle["y"] < 172 and 20 < particle["x"] < 172:
            # A particle's middle is that of its box, which is not quite its centroid.
            assert np.hypot(y.mean() - particle["y"], x.mean() - particle["x"]) < 8
        assert len(y) * 0.05**2 < np.pi / 4 * (1.7 * particle["diameter"]) ** 2


def test_frames_differ_only_by_noise_where_only_the_dose_differs():
    scene = {"height": 128, "width": 128, "particles": (1, 2)}
    low, high = frame(7, dose=(1e3, 1e3), **scene), frame(7, dose=(1e6, 1e6), **scene)
    assert np.array_equal(low.labels, high.labels)
    a, b = low.image / low.image.mean(), high.image / high.image.mean()
    noise = 1 / np.sqrt(1e3 * (10 * low.pixel_size) ** 2)
    assert (a - b).std() < 1.2 * noise


def test_carbon_is_rougher_where_it_is_thicker():
    settings = {**GOOD, "particles": (0, 0), "dose": (1e6, 1e6), "film_edge": 0.0}
    thin = frame(1, carbon=(1.0, 1.0), carbon_roughness=(0, 0), **settings).image
    thick = frame(1, carbon=(9.0, 9.0), carbon_roughness=(0, 0), **settings).image
    ratio = (thick.std() / thick.mean()) / (thin.std() / thin.mean())
    assert ratio == pytest.approx(3.0, rel=0.15)  # the square root of the thickness


def test_inelastic_electrons_only_take_contrast_away():
    settings = {**GOOD, "dose": (1e6, 1e6), "particles": (1, 1)}
    plain = frame(5, **settings).image
    flat = frame(5, **{**settings, "inelastic": (0.5, 0.5)}).image
    assert flat.mean() == pytest.approx(plain.mean(), rel=5e-3)
    assert flat.std() == pytest.approx(plain.std() / 2, rel=0.02)


def test_uneven_illumination_is_a_slope_across_the_frame(rng):
    conditions = Conditions(dose=1e6, illumination=0.2, illumination_angle=0.0)
    image = record(np.ones((64, 64), np.float32), 0.05, conditions, rng)
    left, right = image[:, 8:16].mean(), image[:, 48:56].mean()
    assert right > left
    assert image.mean() == pytest.approx(1e6 * 0.25, rel=0.01)


def test_a_frame_becomes_a_calibrated_movie():
    drawn = frame(dose=(150.0, 150.0))
    movie = drawn.movie
    assert movie.data.shape == (1, 96, 128)
    assert movie.pixel_size == drawn.pixel_size
    assert movie.dose == pytest.approx(150.0)
    assert movie.metadata["conditions"]["defocus"] == drawn.conditions.defocus


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"materials": ["Unobtainium"]}, "there is no material 'Unobtainium'"),
        ({"materials": []}, "at least one material"),
        ({"dose": [100, 10]}, "from low to high"),
        ({"dose": [0, 10]}, "dose must be above 0"),
        ({"pixel_size": [0.05, 0.5]}, "must not exceed 0.1 nm"),
        ({"reduction": [0.5, 1]}, "reduction must be 1 or more"),
        ({"tilt": [-1, 1]}, "tilt must not be below 0"),
        ({"inelastic": [0, 1]}, "inelastic must be below 1"),
        ({"energies": [3.0]}, "between 20 and 2000 keV"),
        ({"defocus": [0, float("nan")]}, "finite"),
        ({"zone_axes": []}, "zone axis"),
        ({"zone_axes": ["999"]}, "zone_axes"),
    ],
)
def test_settings_that_make_no_sense_are_refused_in_plain_words(values, words):
    with pytest.raises(SettingsError, match=words):
        HrtemSettings.from_dict(values)


def test_settings_survive_a_recipe():
    settings = HrtemSettings(materials=("Au",), dose=(5, 50))
    assert HrtemSettings.from_dict(settings.to_dict()) == settings
