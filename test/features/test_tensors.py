"""Arrays on their way to the network: nothing is changed, and a GPU gets all of it at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from bharnet_ros.features.modalities import NetworkInput
from bharnet_ros.features.streams import StreamInput
from bharnet_ros.features.tensors import moved_together, network_tensors

CPU = torch.device("cpu")


def arrays_of_two_windows() -> list[npt.NDArray[Any]]:
    """Return body, body mask, hands, hand mask, pixels and their mask; not all lie in order."""
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


def test_arrays_that_move_together_keep_their_values_and_share_one_piece_of_memory() -> None:
    arrays = arrays_of_two_windows()
    moved = moved_together(arrays, CPU)
    assert_same(moved, arrays)
    assert len({tensor.untyped_storage().data_ptr() for tensor in moved}) == 1
    # One that is empty, as where nobody is in view, takes no place and disturbs no other.
    nobody = np.zeros((0, 4), dtype=np.float32)
    assert_same(moved_together([nobody, *arrays], CPU), [nobody, *arrays])
    assert moved_together([], CPU) == []


def test_changes_of_the_arrays_come_too_late_for_what_was_moved() -> None:
    arrays = arrays_of_two_windows()
    before = [array.copy() for array in arrays]
    moved = moved_together(arrays, CPU)
    for array in arrays:
        array[:] = 0
    assert_same(moved, before)


@pytest.mark.parametrize("device", [None, CPU])
def test_the_network_gets_what_was_prepared_in_its_order(device: torch.device | None) -> None:
    arrays = arrays_of_two_windows()
    *skeleton, streams = network_tensors(*as_network_input(arrays), device)
    assert list(streams) == ["rgb"]
    assert_same([*skeleton, *streams["rgb"]], arrays)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_a_gpu_gets_the_same_in_one_transfer() -> None:
    arrays = arrays_of_two_windows()
    device = torch.device("cuda")
    for _ in range(3):
        # Pinned memory is taken again: a later batch must not overwrite an earlier one on its way.
        *skeleton, streams = network_tensors(*as_network_input(arrays), device)
        assert all(tensor.is_cuda for tensor in skeleton)
        assert_same([*skeleton, *streams["rgb"]], arrays)
        arrays = [array[::-1].copy() for array in arrays]
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
        network_tensors(*as_network_input(arrays), device)
        torch.cuda.synchronize()
    copies = [one for one in profile.events() if "Memcpy HtoD" in one.name]
    assert len(copies) == 1
