"""Three loops over the same batches: `bharnet train`, a plain loop, and the loader alone."""

from __future__ import annotations

import contextlib
import io
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch.optim.optimizer import register_optimizer_step_post_hook

from bench.speed.roofline import wait_for
from bharnet_ros.network.build import build_network
from bharnet_ros.training.fit import fit
from bharnet_ros.training.hardware import Hardware
from bharnet_ros.training.losses import ensemble_loss
from bharnet_ros.training.module import AugmentedClips, WholeClips
from bharnet_ros.training.settings import TrainingSettings
from bharnet_ros.training.store.clips import ClipStore
from bharnet_ros.training.targets import ClipTargets

OURS, PLAIN, LOADER = "bharnet train", "plain eager loop", "loader alone"

_HELD_OUT = 8
"""Clips that `bharnet train` tests on at the end, after the clock has stopped."""


@dataclass(frozen=True, eq=False)
class Job:
    """The work that all loops do.

    Attributes:
        settings: Settings of the training, for one epoch.
        store: Keypoints of all clips.
        targets: Targets of each clip.
        device: Device to train on.
        warm_up: Batches before the clock starts.
        steps: Timed batches.
        now: Clock, seconds.
    """

    settings: TrainingSettings
    store: ClipStore
    targets: ClipTargets
    device: torch.device
    warm_up: int
    steps: int
    now: Callable[[], float] = time.perf_counter

    @property
    def drawn_from(self) -> npt.NDArray[np.int64]:
        """Clips of one epoch, repeated until there are enough for all batches."""
        wanted = self.settings.batch_size * (self.warm_up + self.steps)
        return np.resize(np.arange(len(self.store)), wanted)

    def batches(self) -> AugmentedClips:
        """Return the loader of `bharnet train`, for one epoch."""
        settings = self.settings
        return AugmentedClips(
            self.store,
            self.drawn_from,
            self.targets,
            settings.features,
            settings.augmentation,
            batch_size=settings.batch_size,
            batches=self.warm_up + self.steps,
            class_balance=settings.class_balance,
            seed=settings.seed,
        )


class StepClock:
    """Times the steps of any optimiser that runs within its context.

    It waits for a GPU at the first and the last timed step, so that the work between them is done.
    """

    def __init__(self, job: Job) -> None:
        """Prepare to count the steps of a job."""
        self._job = job
        self._number = 0
        self._times: list[float] = []

    def __enter__(self) -> StepClock:
        """Start counting."""
        self._handle = register_optimizer_step_post_hook(self._step)
        return self

    def __exit__(self, *_error: object) -> None:
        """Stop counting."""
        self._handle.remove()

    def _step(self, *_step: object) -> None:
        self._number += 1
        if self._number in (self._job.warm_up, self._job.warm_up + self._job.steps):
            wait_for(self._job.device)
            self._times.append(self._job.now())

    @property
    def seconds(self) -> float:
        """Seconds per step.

        Raises:
            RuntimeError: The optimiser made too few steps.
        """
        if len(self._times) != 2:
            raise RuntimeError(f"the optimiser made {self._number} steps, which are too few")
        return (self._times[1] - self._times[0]) / self._job.steps


def time_ours(job: Job) -> float:
    """Return the seconds per batch in `bharnet train`."""
    tested = np.arange(min(_HELD_OUT, len(job.store)))
    held_out = WholeClips(job.store, tested, job.targets, job.settings.features, _HELD_OUT)
    with (
        tempfile.TemporaryDirectory() as folder,
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
        StepClock(job) as clock,
    ):
        warnings.simplefilter("ignore")
        fit(
            job.settings,
            job.settings.bundle_description(),
            job.store,
            job.targets,
            job.drawn_from,
            held_out,
            hardware=Hardware(device=job.device.type),
            checkpoints=Path(folder),
        )
    return clock.seconds


def time_plain(job: Job) -> float:
    """Return the seconds per batch in the plain loop."""
    torch.manual_seed(job.settings.seed)
    network = build_network(job.settings.bundle_description().network_settings())
    network.to(job.device).train()
    optimiser = torch.optim.AdamW(
        network.parameters(), job.settings.learning_rate, weight_decay=job.settings.weight_decay
    )
    with StepClock(job) as clock:
        for *inputs, _, targets in job.batches():
            optimiser.zero_grad()
            logits = network(*(one.to(job.device) for one in inputs))
            ensemble_loss(logits, targets.classes.to(job.device), job.settings.loss).backward()
            optimiser.step()
    return clock.seconds


def time_loader(job: Job) -> float:
    """Return the seconds per batch of the loader alone."""
    batches = iter(job.batches())
    for _ in range(job.warm_up):
        next(batches)
    start = job.now()
    for _ in range(job.steps):
        next(batches)
    return (job.now() - start) / job.steps


LOOPS: dict[str, Callable[[Job], float]] = {
    OURS: time_ours,
    PLAIN: time_plain,
    LOADER: time_loader,
}
