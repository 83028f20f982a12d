"""Arrays become tensors unchanged, and a GPU receives all of them in one transfer."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from bharnet_ros.features.modalities import NetworkInput
from bharnet_ros.features.streams import StreamInput
from bharnet_ros.features.tensors import move_together, network_tensors

CPU = torch.device("cpu")


def arrays_of_two_windows() -> list[npt.NDArray[Any]]:
    """Return body, body mask, hands, hand mask, pixels and their mask; one is not contiguous."""
    random = np.random.default_rng(0)
    shapes = ((2, 9, 5, 21, 1), (2, 5, 1), (2, 15, 5, 21, 2), (2, 5, 2))
    skeleton = [random.normal(size=shape).astype(np.float32) for shape in shapes]
    skeleton[0] = np.asfortranarray(skeleton[0])
    pixels = random.integers(0, 256, (2, 3, 2, 3, 7, 7)).astype(np.uint8)
    return [*skeleton, pixels, np.ones((2, 3, 2), dtype=np.float32)]


def as_network_input(
    arrays: list[npt.NDArray[Any]],
) -> tuple[NetworkInput, dict[str, StreamInput]]:
    body, body_mask, hands, hand_mask, pixels, mask = arrays
    inputs = NetworkInput(body, body_mask, hands, hand_mask)
    return inputs, {"rgb": StreamInput(pixels, mask)}


def assert_same(found: list[torch.Tensor], expected: list[npt.NDArray[Any]]) -> None:
    for tensor, array in zip(found, expected, strict=True):
        there = tensor.cpu().numpy()
        assert there.dtype == array.dtype
        np.testing.assert_array_equal(there, array)


def test_arrays_moved_together_keep_their_values_and_share_memory() -> None:
    arrays = arrays_of_two_windows()
    moved = move_together(arrays, CPU)
    assert_same(moved, arrays)
    assert len({tensor.untyped_storage().data_ptr() for tensor in moved}) == 1
    # An empty array, as of a frame without people, takes no room and does not affect the others.
    empty = np.zeros((0, 4), dtype=np.float32)
    assert_same(move_together([empty, *arrays], CPU), [empty, *arrays])
    assert move_together([], CPU) == []


def test_later_changes_of_the_arrays_do_not_affect_the_tensors() -> None:
    arrays = arrays_of_two_windows()
    before = [array.copy() for array in arrays]
    moved = move_together(arrays, CPU)
    for array in arrays:
        array[:] = 0
    assert_same(moved, before)


@pytest.mark.parametrize("device", [None, CPU])
def test_tensors_come_in_the_order_of_the_network(device: torch.device | None) -> None:
    arrays = arrays_of_two_windows()
    *skeleton, streams = network_tensors(*as_network_input(arrays), device)
    assert list(streams) == ["rgb"]
    assert_same([*skeleton, *streams["rgb"]], arrays)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_a_gpu_receives_the_same_values_in_one_transfer() -> None:
    arrays = arrays_of_two_windows()
    device = torch.device("cuda")
    for _ in range(3):
        # Pinned memory is reused: a later batch must not overwrite an earlier one in transfer.
        *skeleton, streams = network_tensors(*as_network_input(arrays), device)
        assert all(tensor.is_cuda for tensor in skeleton)
        assert_same([*skeleton, *streams["rgb"]], arrays)
        arrays = [array[::-1].copy() for array in arrays]
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
        network_tensors(*as_network_input(arrays), device)
        torch.cuda.synchronize()
    copies = [one for one in profile.events() if "Memcpy HtoD" in one.name]
    assert len(copies) == 1
