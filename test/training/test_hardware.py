"""Hardware for training, and the share of time spent waiting for data."""

from __future__ import annotations

import pytest
import torch
from pytorch_lightning.profilers import SimpleProfiler

from bharnet_ros.training.hardware import Hardware, waiting_share
from bharnet_ros.types.errors import InputError


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"precision": "8-mixed"}, "--precision: '8-mixed' is unknown; known are: 32-true, bf16"),
        ({"device": "tpu"}, "--device: 'tpu' is unknown; known are: auto, cpu, cuda"),
        ({"devices": 0}, "--devices: must be positive, got 0"),
        ({"nodes": -1}, "--nodes: must be positive, got -1"),
        ({"device": "cpu", "precision": "16-mixed"}, "--precision: 16-mixed needs a GPU"),
    ],
)
def test_an_unknown_value_is_refused_by_name(options: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Hardware(**options)


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a GPU")
def test_a_missing_gpu_is_refused() -> None:
    with pytest.raises(ValueError, match="CUDA is not available"):
        Hardware(device="cuda")


def test_more_gpus_than_there_are_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert Hardware(device="cuda", devices=2).processes == 2
    with pytest.raises(InputError, match="--devices: got 3, but this machine has 2 GPUs"):
        Hardware(device="cuda", devices=3)


def test_processes_are_counted_over_all_machines() -> None:
    assert Hardware().processes == 1
    several = Hardware(device="cpu", devices=4, nodes=2)
    assert several.processes == 8
    options = several.trainer_options()
    assert (options["devices"], options["num_nodes"]) == (4, 2)
    # A batch without hands leaves the hand stream without gradients.
    assert options["strategy"] == "ddp_find_unused_parameters_true"


def test_waiting_counts_loading_for_training_and_for_validation() -> None:
    profiler = SimpleProfiler()
    assert waiting_share(profiler) == 0.0
    profiler.recorded_durations.update(
        {
            "run_training_epoch": [6.0, 4.0],
            "[_TrainingEpochLoop].train_dataloader_next": [0.5, 1.0],
            "[_EvaluationLoop].val_next": [0.5],
            "run_training_batch": [3.0],
        }
    )
    assert waiting_share(profiler) == pytest.approx(0.2)
