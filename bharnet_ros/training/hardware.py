"""What a network is trained on: device, precision, GPUs and machines, as Lightning has them."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Any

from pytorch_lightning.profilers import SimpleProfiler

from bharnet_ros.recognition.recognizer import resolve_device
from bharnet_ros.types.errors import InputError

PRECISIONS = ("32-true", "bf16-mixed", "16-mixed")
"""Lightning's names of the precisions that training offers."""

_ACCELERATORS = {"auto": "auto", "cpu": "cpu", "cuda": "gpu"}


@dataclass(frozen=True)
class Hardware:
    """What to train on.

    Attributes:
        device: `auto`, `cpu` or `cuda`.
        precision: One of `PRECISIONS`.
        devices: GPUs, or processes on a CPU, of each machine.
        nodes: Machines. Each of them runs the same command, with the addresses in the environment
            that Lightning documents.
    """

    device: str = "auto"
    precision: str = "32-true"
    devices: int = 1
    nodes: int = 1

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            InputError: A value is unknown, not positive or not to be had here; names it.
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
        if resolve_device(self.device).type == "cpu" and self.precision == "16-mixed":
            raise InputError("--precision: 16-mixed needs a GPU; a CPU has bf16-mixed")

    @property
    def processes(self) -> int:
        """How many processes train together, each on batches of its own."""
        return self.devices * self.nodes

    def trainer_options(self) -> dict[str, Any]:
        """Return the arguments of Lightning's `Trainer`."""
        alone = self.processes == 1
        return {
            "accelerator": _ACCELERATORS[self.device],
            "precision": self.precision,
            "devices": self.devices,
            "num_nodes": self.nodes,
            # A batch without hands, or without people, leaves a stream without gradients.
            "strategy": "auto" if alone else "ddp_find_unused_parameters_true",
        }


def add_hardware_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments that `hardware_from` reads."""
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument(
        "--precision", default=PRECISIONS[0], help=f"one of {', '.join(PRECISIONS)}"
    )
    parser.add_argument(
        "--devices", type=int, default=1, metavar="N", help="GPUs of each machine (default: 1)"
    )
    parser.add_argument("--nodes", type=int, default=1, metavar="N", help="machines (default: 1)")


def hardware_from(arguments: argparse.Namespace) -> Hardware:
    """Return what the arguments say.

    Raises:
        InputError: A value is unknown or not to be had here; names it.
    """
    return Hardware(arguments.device, arguments.precision, arguments.devices, arguments.nodes)


def waiting_share(profiler: SimpleProfiler) -> float:
    """Return the share 0..1 of a training's time that was spent waiting for batches.

    Args:
        profiler: Of a `Trainer` whose `fit` is done. On a GPU, computing goes on while the next
            batch is made, so that the share is an upper bound of what faster loading would save.
    """
    spent = {name: sum(times) for name, times in profiler.recorded_durations.items()}
    waiting = sum(time for name, time in spent.items() if name.endswith("_next"))
    return waiting / max(spent.get("run_training_epoch", 0.0), waiting, 1e-9)
