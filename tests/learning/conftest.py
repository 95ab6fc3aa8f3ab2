"""Fixtures of the training tests: toy frames, and one thread, which is faster for them."""

import pytest
import torch


@pytest.fixture(autouse=True)
def one_thread():
    """Small convolutions lose more than they gain by a second thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
