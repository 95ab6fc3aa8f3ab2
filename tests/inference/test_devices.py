"""A device is found or refused with the reason; nothing is taken silently instead."""

import types

import pytest
import torch

from napari_insitu_tem.inference import devices
from napari_insitu_tem.inference.devices import (
    DeviceError,
    describe_device,
    pick_device,
    reduced_precision,
)


@pytest.fixture
def bare(monkeypatch):
    """A machine without any graphics card, with PyTorch's CUDA build."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.cuda, "is_built", lambda: True)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


@pytest.fixture
def two_cards(monkeypatch):
    """A machine with two graphics cards."""
    card = types.SimpleNamespace(name="Great Card", total_memory=24e9)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: card)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (8, 9))


def test_auto_takes_the_card_where_there_is_one(two_cards):
    assert pick_device("auto").type == "cuda"
    assert describe_device(pick_device("cuda:1")) == "Great Card (CUDA, 24 GB)"


def test_auto_takes_a_macs_graphics(bare, monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert pick_device("auto").type == "mps"
    assert describe_device(pick_device("mps")) == "Apple graphics (MPS)"


def test_auto_takes_the_cpu_and_says_why(bare):
    assert pick_device() == torch.device("cpu")
    assert "no GPU, since PyTorch finds no NVIDIA card" in describe_device(pick_device())


def test_a_cpu_build_on_a_machine_with_a_card_is_told_apart(bare, monkeypatch):
    monkeypatch.setattr(torch.backends.cuda, "is_built", lambda: False)
    monkeypatch.setattr(devices.shutil, "which", lambda name: "/usr/bin/nvidia-smi")
    assert "install PyTorch's CUDA build" in describe_device(pick_device())
    monkeypatch.setattr(devices.shutil, "which", lambda name: None)
    assert describe_device(pick_device()).endswith("this PyTorch was built for the CPU only")


def test_what_pytorch_warns_of_is_the_reason(bare, monkeypatch):
    import warnings

    def complain():
        warnings.warn("CUDA initialization: The driver is too old (found 1). More.", stacklevel=1)
        return False

    monkeypatch.setattr(torch.cuda, "is_available", complain)
    with pytest.raises(DeviceError, match="The driver is too old"):
        pick_device("cuda")


@pytest.mark.parametrize("name", ["cuda", "cuda:0", "mps"])
def test_a_device_that_is_not_there_is_refused(bare, name):
    with pytest.raises(DeviceError, match=f"'{name}' cannot be used: .*Take auto or cpu"):
        pick_device(name)


def test_a_card_that_is_not_there_is_refused(two_cards):
    with pytest.raises(DeviceError, match="has 2 CUDA devices"):
        pick_device("cuda:2")


@pytest.mark.parametrize("name", ["gpu", "xpu", "", "meta"])
def test_a_device_that_does_not_exist_is_refused(name):
    with pytest.raises(DeviceError, match="Take auto, cpu, cuda or mps"):
        pick_device(name)


def test_cards_with_tensor_cores_compute_in_sixteen_bits_unless_told_not_to(two_cards, monkeypatch):
    card = torch.device("cuda")
    assert reduced_precision(card, None) == torch.float16
    assert reduced_precision(card, False) is None
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (6, 1))
    assert reduced_precision(card, None) is None
    assert reduced_precision(card, True) == torch.float16


def test_processors_do_so_only_when_asked_and_able(monkeypatch):
    cpu, able = torch.device("cpu"), {"avx512_bf16": True}
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able)
    assert reduced_precision(cpu, None) is None
    assert reduced_precision(cpu, True) == torch.bfloat16
    able["avx512_bf16"] = False
    with pytest.raises(DeviceError, match="Leave half precision off"):
        reduced_precision(cpu, True)
