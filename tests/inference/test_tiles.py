"""A network in tiles says what it says of the whole image, whatever the image and the memory."""

import threading

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from napari_insitu_tem.inference import InferenceError
from napari_insitu_tem.inference.tiles import TiledPredictor
from napari_insitu_tem.job import Cancelled, Job
from napari_insitu_tem.networks import build_network


class Blur(nn.Module):
    """Two random convolutions and a ReLU: sees exactly 3 px far."""

    multiple, receptive_radius = 1, 3

    def __init__(self, channels=1):
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(
            nn.Conv2d(channels, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 2, 5, padding=2)
        )
        self.sizes = []

    def forward(self, images):
        self.sizes.append(tuple(images.shape))
        return self.layers(images)


class Pooled(Blur):
    """The same at half resolution: not the same for every shift by one pixel."""

    multiple, receptive_radius = 4, 18

    def forward(self, images):
        small = self.layers(nn.functional.max_pool2d(images, 4))
        return nn.functional.interpolate(small, scale_factor=4.0)


class Limited(Blur):
    """Runs out of memory above so many pixels at once."""

    def __init__(self, pixels, error):
        super().__init__()
        self.pixels, self.error = pixels, error

    def forward(self, images):
        if images.shape[0] * images.shape[2] * images.shape[3] > self.pixels:
            raise self.error
        return super().forward(images)


def image_of(*shape):
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


def whole(network, image):
    with torch.inference_mode():
        return network.eval()(torch.from_numpy(image)[None, None])[0].numpy()


@settings(max_examples=60, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 200), st.integers(1, 200)),
    tile=st.integers(16, 100),
    batch=st.integers(1, 5),
)
def test_stitched_is_whole_for_any_image_when_tiles_overlap_by_twice_the_radius(shape, tile, batch):
    network, image = Blur(), image_of(*shape)
    predictor = TiledPredictor(network, tile=tile, overlap=6, batch=batch, activation="none")
    np.testing.assert_allclose(predictor.predict(image), whole(network, image), atol=1e-5)


@settings(max_examples=30, deadline=None)
@given(shape=st.tuples(st.integers(1, 50), st.integers(1, 50)), tile=st.integers(40, 100))
def test_stitched_is_whole_for_a_strided_network_too(shape, tile):
    network, image = Pooled(), image_of(*(4 * length for length in shape))
    predictor = TiledPredictor(network, tile=tile, overlap=36, activation="none")
    np.testing.assert_allclose(predictor.predict(image), whole(network, image), atol=1e-5)


@pytest.mark.parametrize(
    "name, arguments",
    [
        ("unet", {"channels": (4, 4, 8), "out_channels": 2}),
        ("msdnet", {"depth": 6, "dilations": (1, 2, 4)}),
    ],
)
def test_stitched_is_whole_for_the_networks_that_there_are(name, arguments):
    torch.manual_seed(0)
    network = build_network(name, arguments)
    with torch.no_grad():
        for values in network.parameters():
            values.add_(0.1 * torch.randn_like(values))  # MSD-nets begin with a head of zeros
    image = image_of(160, 192)
    overlap = 2 * network.receptive_radius
    predictor = TiledPredictor(network, tile=112, overlap=overlap, activation="none")
    assert len(predictor.tiles(image.shape)[0]) > 3
    np.testing.assert_allclose(predictor.predict(image), whole(network, image), atol=1e-4)


def test_with_a_smaller_overlap_only_pixels_near_a_cut_differ():
    network, image = Blur(), image_of(64, 64)
    found = TiledPredictor(network, tile=40, overlap=2, activation="none").predict(image)
    error = np.abs(found - whole(network, image)).max(0)
    assert error.max() > 1e-3
    assert error[:24, :24].max() < 1e-5


def test_an_image_that_fits_is_taken_whole():
    predictor = TiledPredictor(Blur())
    predictor.predict(image_of(150, 130))
    assert predictor.network.sizes[-1] == (1, 1, 150, 130)


def test_without_asking_tiles_are_exact_where_that_is_cheap(monkeypatch):
    monkeypatch.setattr("napari_insitu_tem.inference.tiles.memory_budget", lambda device: 1e6)
    network, image = Blur(), image_of(300, 280)
    predictor = TiledPredictor(network, activation="none")
    np.testing.assert_allclose(predictor.predict(image), whole(network, image), atol=1e-5)
    grid, batch = predictor.tiles(image.shape)
    assert len(grid) > 1 and batch == 1


def test_an_image_of_several_channels_and_padding_by_reflection():
    network, image = Pooled(channels=3), image_of(3, 13, 22)
    padded = np.pad(image, ((0, 0), (0, 3), (0, 2)), mode="reflect")
    found = TiledPredictor(network, activation="none").predict(image)
    with torch.inference_mode():
        expected = network(torch.from_numpy(padded)[None])[0, :, :13, :22].numpy()
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_an_image_smaller_than_the_network_takes_is_padded():
    network = build_network("msdnet", {"depth": 10})
    assert TiledPredictor(network).predict(image_of(5, 30)).shape == (1, 5, 30)


def test_activations_make_probabilities():
    image = image_of(20, 30)
    logits = TiledPredictor(Blur(), activation="none").predict(image)
    sigmoid = TiledPredictor(Blur()).predict(image)
    np.testing.assert_allclose(sigmoid, 1 / (1 + np.exp(-logits)), atol=1e-6)
    softmax = TiledPredictor(Blur(), activation="softmax").predict(image)
    np.testing.assert_allclose(softmax.sum(0), 1, atol=1e-6)
    np.testing.assert_allclose(softmax[0], sigmoid_of(logits[0] - logits[1]), atol=1e-6)


def sigmoid_of(values):
    return 1 / (1 + np.exp(-values))


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes"),
    ],
)
def test_when_memory_runs_out_smaller_tiles_are_tried_and_kept(error):
    said = []
    network, image = Limited(130 * 130, error), image_of(400, 400)
    predictor = TiledPredictor(network, overlap=6, activation="none")
    found = predictor.predict(image, Job(on_log=said.append))
    network.pixels = 10**9
    np.testing.assert_allclose(found, whole(network, image), atol=1e-5)
    assert len(said) == 2  # 400 px, 200 px, then 100 px a side
    predictor.predict(image, Job(on_log=said.append))
    assert len(said) == 2


def test_when_memory_runs_out_batches_shrink_before_tiles():
    network, image = Limited(3 * 64 * 64, MemoryError()), image_of(200, 200)
    predictor = TiledPredictor(network, tile=64, overlap=6, batch=8)
    predictor.predict(image, Job(on_log=lambda text: None))
    counts, _, heights, widths = zip(*predictor.network.sizes, strict=True)
    assert max(counts) == 4
    assert set(heights) == set(widths) == {55}


def test_without_memory_for_a_first_look_small_tiles_are_taken():
    network, image = Limited(70 * 70, MemoryError()), image_of(100, 100)
    predictor = TiledPredictor(network, overlap=6)
    predictor.predict(image, Job(on_log=pytest.fail))
    assert max(predictor.tiles(image.shape)[0].tile) <= 64


def test_when_small_tiles_do_not_help_it_says_so():
    network = Limited(100, MemoryError())
    with pytest.raises(InferenceError, match="does not fit into the memory of CPU"):
        TiledPredictor(network, tile=128).predict(image_of(200, 200), Job(on_log=str))


def test_other_errors_are_not_taken_for_lack_of_memory():
    network = Limited(100, RuntimeError("something else"))
    with pytest.raises(RuntimeError, match="something else"):
        TiledPredictor(network, tile=64).predict(image_of(200, 200))


def test_a_cancel_ends_it_within_one_batch():
    network = Blur()
    predictor = TiledPredictor(network, tile=32, overlap=6)
    job = Job(is_cancelled=lambda: len(predictor.network.sizes) >= 2)
    with pytest.raises(Cancelled):
        predictor.predict(image_of(200, 200), job)
    assert len(predictor.network.sizes) == 2


@pytest.mark.parametrize("name", ["unet", "msdnet"])
def test_a_cancel_ends_it_in_the_middle_of_a_network(name):
    asked = []
    predictor = TiledPredictor(build_network(name, {"out_channels": 1}), tile=32, batch=1)
    with pytest.raises(Cancelled):
        predictor.predict(
            image_of(32, 32), Job(is_cancelled=lambda: asked.append(0) or len(asked) > 20)
        )
    assert len(asked) == 21


def test_between_the_operations_of_a_fast_network_nothing_is_asked(monkeypatch):
    monkeypatch.setattr("napari_insitu_tem.inference.tiles._SLOW", 60.0)
    asked = []
    predictor = TiledPredictor(build_network("msdnet", {"depth": 10}), tile=32, batch=1)
    job = Job(is_cancelled=lambda: asked.append(0) and False)
    for _ in range(2):
        asked.clear()
        predictor.predict(image_of(32, 32), job)
    assert len(asked) == 1


def test_frames_come_in_order_and_as_alone():
    frames = [image_of(40, 50) + number for number in range(5)]
    predictor = TiledPredictor(Blur(), batch=2)
    found = list(predictor.predict_frames(frames))
    assert [sizes[0] for sizes in predictor.network.sizes] == [1, 1, 2, 2, 1]  # two for the probe
    for maps, frame in zip(found, frames, strict=True):
        np.testing.assert_allclose(maps, predictor.predict(frame), atol=1e-6)


def test_frames_are_read_on_another_thread_while_the_network_works():
    readers = set()

    def frames():
        for _ in range(4):
            readers.add(threading.current_thread())
            yield image_of(20, 20)

    assert len(list(TiledPredictor(Blur()).predict_frames(frames()))) == 4
    assert threading.current_thread() not in readers


def test_the_network_that_was_given_stays_as_it_is():
    network = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.BatchNorm2d(2)).train()
    before = {name: values.clone() for name, values in network.state_dict().items()}
    TiledPredictor(network).predict(image_of(20, 20))
    assert network.training and isinstance(network[1], nn.BatchNorm2d)
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


def test_sixteen_bits_are_nearly_as_good_where_the_processor_has_them():
    if not torch.cpu.get_capabilities().get("avx512_bf16", False):
        pytest.skip("this processor does not compute in bfloat16")
    image = image_of(40, 50)
    exact = TiledPredictor(Blur()).predict(image)
    coarse = TiledPredictor(Blur(), half=True).predict(image)
    assert coarse.dtype == np.float32
    assert 0 < np.abs(coarse - exact).max() < 0.02


def test_numbers_too_large_for_sixteen_bits_are_computed_again_in_thirty_two():
    said, network, image = [], Blur(), image_of(20, 20)
    predictor = TiledPredictor(network, activation="none")
    predictor.precision = torch.float16
    found = predictor.predict(1e6 * image, Job(on_log=said.append))
    np.testing.assert_allclose(found, whole(network, 1e6 * image), rtol=1e-4, atol=1)
    assert said == ["This network's numbers are too large for 16 bits; computing in 32."]


@pytest.mark.parametrize(
    "image, says",
    [
        (np.full((20, 20), np.nan), "not numbers"),
        (np.zeros(20), "An image is"),
        (np.zeros((0, 20)), "An image is"),
    ],
)
def test_what_is_no_image_is_refused_in_plain_words(image, says):
    with pytest.raises(InferenceError, match=says):
        TiledPredictor(Blur()).predict(image)


def test_a_network_that_changes_the_size_is_refused_in_plain_words():
    with pytest.raises(InferenceError, match="must keep the size"):
        TiledPredictor(nn.Conv2d(1, 1, 3)).predict(image_of(20, 20))


@pytest.mark.parametrize(
    "asked",
    [{"tile": 0}, {"tile": 32, "overlap": 32}, {"overlap": -1}, {"batch": 0}, {"activation": ""}],
)
def test_what_cannot_be_is_refused(asked):
    with pytest.raises(InferenceError):
        TiledPredictor(Blur(), **asked)
