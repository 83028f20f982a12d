"""What a network is trained on: device, precision, GPUs and machines, in Lightning's terms."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Any

import torch
from pytorch_lightning.profilers import SimpleProfiler

from bharnet_ros.recognition.pytorch import torch_device
from bharnet_ros.training.train_command import PRECISIONS
from bharnet_ros.types.errors import InputError

_ACCELERATORS = {"auto": "auto", "cpu": "cpu", "cuda": "gpu"}


@dataclass(frozen=True)
class Hardware:
    """What to train on.

    Attributes:
        device: `auto`, `cpu` or `cuda`.
        precision: One of `PRECISIONS`.
        devices: Number of GPUs, or of processes on a CPU, per machine.
        nodes: Number of machines. Each runs the same command, with the addresses in the environment
            variables that Lightning documents.
    """

    device: str = "auto"
    precision: str = "32-true"
    devices: int = 1
    nodes: int = 1

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            InputError: A value is unknown, not positive or not available here; names it.
        """
        for name, value, known in (
            ("device", self.device, tuple(_ACCELERATORS)),
            ("precision", self.precision, PRECISIONS),
        ):
            if value not in known:
                raise InputError(f"--{name}: {value!r} is unknown; known are: {', '.join(known)}")
        for name in ("devices", "nodes"):
            if getattr(self, name) < 1:
                raise InputError(f"--{name}: must be positive, got {getattr(self, name)}")
        on_cpu = torch_device(self.device).type == "cpu"
        if on_cpu and self.precision == "16-mixed":
            raise InputError("--precision: 16-mixed needs a GPU; on a CPU, use bf16-mixed")
        if not on_cpu and self.devices > torch.cuda.device_count():
            raise InputError(
                f"--devices: got {self.devices}, but this machine has "
                f"{torch.cuda.device_count()} GPUs"
            )

    @property
    def processes(self) -> int:
        """Number of processes that train together, each on its own batches."""
        return self.devices * self.nodes

    def trainer_options(self) -> dict[str, Any]:
        """Return the arguments of Lightning's `Trainer`."""
        single_process = self.processes == 1
        return {
            "accelerator": _ACCELERATORS[self.device],
            "precision": self.precision,
            "devices": self.devices,
            "num_nodes": self.nodes,
            # A batch without hands, or without people, gives a stream no gradients.
            "strategy": "auto" if single_process else "ddp_find_unused_parameters_true",
        }


def hardware_from(arguments: argparse.Namespace) -> Hardware:
    """Return the hardware that the arguments name.

    Raises:
        InputError: A value is unknown or not available here; names it.
    """
    return Hardware(arguments.device, arguments.precision, arguments.devices, arguments.nodes)


def waiting_share(profiler: SimpleProfiler) -> float:
    """Return the share 0..1 of the training time that was spent waiting for batches.

    On a GPU, computing continues while the next batch is made, so the share is an upper bound of
    what faster loading would save.

    Args:
        profiler: Profiler of a `Trainer` whose `fit` has returned.
    """
    spent = {name: sum(times) for name, times in profiler.recorded_durations.items()}
    waiting = sum(time for name, time in spent.items() if name.endswith("_next"))
    return waiting / max(spent.get("run_training_epoch", 0.0), waiting, 1e-9)
