"""Weights: what was saved comes back, what is wrong with a file is said, pickles stay shut."""

import hashlib
import io
import json
import pickle
import struct
import threading

import pytest
import torch

from napari_insitu_tem.models import ModelError, get_model, save_model
from napari_insitu_tem.models.weights import WEIGHTS


def put(model, content, *, signed=True):
    """Exchange the weights; the card's sha256 follows unless it shall not."""
    (model.folder / WEIGHTS).write_bytes(content)
    if signed:
        fields = json.loads((model.folder / "card.json").read_text())
        fields["sha256"] = hashlib.sha256(content).hexdigest()
        (model.folder / "card.json").write_text(json.dumps(fields))


def packed(tensors):
    from safetensors.torch import save

    return save(tensors)


def test_weights_come_back_as_they_were_and_give_the_same_output(tiny, card, state):
    from napari_insitu_tem.networks import build_network

    network = build_network(card.network, card.arguments).eval()
    network.load_state_dict(state)
    loaded = tiny.load()
    assert not loaded.training
    assert not any(parameter.requires_grad for parameter in loaded.parameters())
    image = torch.randn(1, 1, 16, 16)
    with torch.inference_mode():
        torch.testing.assert_close(loaded(image), network(image), rtol=0, atol=0)


def test_half_of_the_space_costs_little_precision(models, card, state, tiny):
    half = save_model(card.model_copy(update={"name": "half"}), state, half=True)
    from napari_insitu_tem.models.weights import stored_tensors

    stored = stored_tensors(half.folder)
    assert {kind for kind, shape in stored.values() if len(shape) > 1} == {"F16"}
    assert {kind for kind, shape in stored.values() if len(shape) == 1} == {"F32"}
    for name, tensor in half.state().items():
        if tensor.is_floating_point():
            assert tensor.dtype == torch.float32
            torch.testing.assert_close(tensor, state[name], rtol=1e-3, atol=1e-6)


def test_what_float16_cannot_hold_stays_float32(models, card, state):
    big = {name: tensor.clone() for name, tensor in state.items()}
    name = next(name for name, tensor in big.items() if tensor.ndim == 4)
    big[name][0] = 1e6
    model = save_model(card, big, half=True)
    torch.testing.assert_close(model.state()[name], big[name], rtol=0, atol=0)


def test_weights_that_share_memory_or_lie_in_another_order_are_saved_too(models, card, state):
    views = dict(state)
    name = next(name for name, tensor in views.items() if tensor.ndim == 4)
    views[name] = torch.stack([views[name], views[name]])[1].to(memory_format=torch.channels_last)
    save_model(card, views)
    torch.testing.assert_close(get_model("tiny").state()[name], state[name], rtol=0, atol=0)


def test_the_same_network_is_given_again_and_a_renamed_copy_of_other_weights_is_not(
    tiny, card, state
):
    assert get_model("tiny").load() is tiny.load()
    other = {name: tensor + 1 for name, tensor in state.items()}
    save_model(card.model_copy(update={"name": "other"}), other)
    assert get_model("other").load() is not tiny.load()


def test_threads_that_load_at_once_share_one_network(tiny):
    found = []
    threads = [threading.Thread(target=lambda: found.append(tiny.load())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4 and len({id(network) for network in found}) == 1


def test_the_state_to_train_from_is_a_copy_of_ones_own(tiny):
    first = tiny.state()
    name = next(name for name, tensor in first.items() if tensor.ndim == 4)
    first[name] += 1
    assert not torch.equal(first[name], tiny.state()[name])
    assert not torch.equal(first[name], tiny.load().state_dict()[name])


def test_a_device_that_is_not_there_is_said(tiny):
    device = "mps" if not torch.backends.mps.is_available() else "cuda"
    with pytest.raises(ModelError, match=f"cannot run on '{device}"):
        tiny.load(device)


def test_weights_that_are_not_finite_are_neither_saved_nor_loaded(tiny, card, state):
    wrong = {name: tensor.clone() for name, tensor in state.items()}
    name = next(name for name, tensor in wrong.items() if tensor.ndim == 4)
    wrong[name][0] = float("nan")
    with pytest.raises(ModelError, match=f"'{name}' hold values that are not finite"):
        save_model(card.model_copy(update={"name": "wrong"}), wrong)
    put(tiny, packed(wrong))
    with pytest.raises(ModelError, match="not finite"):
        get_model("tiny").load()


def test_a_file_that_was_changed_is_noticed(tiny):
    raw = bytearray((tiny.folder / WEIGHTS).read_bytes())
    raw[-1] ^= 1
    put(tiny, bytes(raw), signed=False)
    with pytest.raises(ModelError, match="sha256 differs"):
        get_model("tiny").load()


def test_a_card_without_checksum_is_not_trusted(tiny):
    fields = json.loads((tiny.folder / "card.json").read_text())
    (tiny.folder / "card.json").write_text(json.dumps({**fields, "sha256": ""}))
    with pytest.raises(ModelError, match="no sha256"):
        get_model("tiny").load()


@pytest.mark.parametrize("cut", [0, 4, 100, -1])
def test_a_file_that_was_cut_off_is_said_to_be(tiny, cut):
    raw = (tiny.folder / WEIGHTS).read_bytes()
    put(tiny, raw[:cut])
    with pytest.raises(ModelError, match="cut off|no safetensors"):
        get_model("tiny").load()


@pytest.mark.parametrize(
    "content",
    [
        b"hello",
        b"\0" * 100,
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", 5) + b"{nope",
        struct.pack("<Q", 10) + b'{"a": [1]}',
        struct.pack("<Q", 2) + b"[]",
    ],
)
def test_what_is_no_safetensors_file_is_said_not_to_be(tiny, content):
    put(tiny, content)
    with pytest.raises(ModelError, match="Get the model again"):
        get_model("tiny")


@pytest.mark.parametrize("wrong", ["missing", "shape", "extra"])
def test_the_first_weight_that_does_not_fit_is_named(tiny, card, state, wrong):
    name = next(iter(state))
    tensors = dict(state)
    if wrong == "missing":
        tensors.pop(name)
    elif wrong == "shape":
        tensors[name] = torch.zeros(3, 3)
    else:
        name = "another.weight"
        tensors[name] = torch.zeros(1)
    put(tiny, packed(tensors))
    with pytest.raises(ModelError, match=f"do not fit .*'{name}'"):
        get_model("tiny").load()
    with pytest.raises(ModelError, match=f"do not fit .*'{name}'"):
        save_model(card.model_copy(update={"name": "other"}), tensors)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"network": "perceptron"}, "no network 'perceptron'"),
        ({"arguments": {"colour": 3, "out_channels": 2}}, "cannot be built"),
        ({"arguments": {"channels": [2, 4]}}, "names 2 channels|do not fit"),
    ],
)
def test_a_network_that_cannot_be_built_is_said(tiny, fields, words):
    path = tiny.folder / "card.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))
    with pytest.raises(ModelError, match=words):
        get_model("tiny").load()


def test_channels_must_be_as_many_as_the_network_has(models, card, state):
    card = card.model_copy(update={"channels": ("foreground",)})
    with pytest.raises(ModelError, match=r"names 1 channels \(foreground\), but its network has 2"):
        save_model(card, state)


class Trap:
    """Something whose unpickling would show."""

    sprung = False

    def __reduce__(self):
        return (setattr, (Trap, "sprung", True))


def checkpoints():
    newer, older = io.BytesIO(), io.BytesIO()
    torch.save({"trap": Trap()}, newer)
    torch.save({"trap": Trap()}, older, _use_new_zipfile_serialization=False)
    return {
        "torch": newer.getvalue(),
        "older-torch": older.getvalue(),
        "pickle": pickle.dumps(Trap()),
    }


@pytest.mark.parametrize("kind", ["torch", "older-torch", "pickle"])
def test_a_checkpoint_called_safetensors_is_refused_unopened(tiny, kind):
    put(tiny, checkpoints()[kind])
    with pytest.raises(ModelError) as caught:
        get_model("tiny")
    assert "can run programs" in str(caught.value)
    assert "train one here, or export one from here" in str(caught.value)
    with pytest.raises(ModelError, match="can run programs"):
        tiny.load()
    assert not Trap.sprung


def test_the_trap_of_these_tests_works():
    pickle.loads(pickle.dumps(Trap()))
    assert Trap.sprung
    Trap.sprung = False
