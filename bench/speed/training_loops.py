"""Loops over the same batches: of `bharnet train`, a plain one, and one that learns nothing."""

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

OURS, PLAIN, LOADER = "bharnet train", "plain eager loop", "loader alone"

_HELD_OUT = 8
"""Clips whose accuracy `bharnet train` shows at the end, after the clock has stopped."""


@dataclass(frozen=True, eq=False)
class Job:
    """What all loops do.

    Attributes:
        settings: What is trained, one epoch of it.
        store: Keypoints of all clips.
        classes: (N,) class of each.
        device: Where to.
        warm_up: Batches before the clock starts.
        steps: Batches that are timed.
        now: What tells the time, seconds.
    """

    settings: TrainingSettings
    store: ClipStore
    classes: npt.NDArray[np.int64]
    device: torch.device
    warm_up: int
    steps: int
    now: Callable[[], float] = time.perf_counter

    @property
    def drawn_from(self) -> npt.NDArray[np.int64]:
        """Clips to learn from, some again and again, so that an epoch has as many as are timed."""
        wanted = self.settings.batch_size * (self.warm_up + self.steps)
        return np.resize(np.arange(len(self.store)), wanted)

    def batches(self) -> AugmentedClips:
        """Return the loader of `bharnet train`, for one epoch."""
        settings = self.settings
        return AugmentedClips(
            self.store,
            self.drawn_from,
            self.classes,
            settings.features,
            settings.augmentation,
            settings.bundle_description().background_id,
            batch_size=settings.batch_size,
            batches=self.warm_up + self.steps,
            class_balance=settings.class_balance,
            seed=settings.seed,
        )


class StepClock:
    """Times the steps of whatever optimiser runs while it is entered.

    A GPU is waited for at the first step and at the last, so that all that was asked of it between
    them is done.
    """

    def __init__(self, job: Job) -> None:
        """Count steps of a job."""
        self._job = job
        self._number = 0
        self._times: list[float] = []

    def __enter__(self) -> StepClock:
        """Begin to count."""
        self._handle = register_optimizer_step_post_hook(self._step)
        return self

    def __exit__(self, *_error: object) -> None:
        """Count no more."""
        self._handle.remove()

    def _step(self, *_step: object) -> None:
        self._number += 1
        if self._number in (self._job.warm_up, self._job.warm_up + self._job.steps):
            wait_for(self._job.device)
            self._times.append(self._job.now())

    @property
    def seconds(self) -> float:
        """Seconds of a step.

        Raises:
            RuntimeError: There were too few.
        """
        if len(self._times) != 2:
            raise RuntimeError(f"the optimiser made {self._number} steps, which are too few")
        return (self._times[1] - self._times[0]) / self._job.steps


def time_ours(job: Job) -> float:
    """Return the seconds of a batch in `bharnet train`."""
    shown = np.arange(min(_HELD_OUT, len(job.store)))
    held_out = WholeClips(job.store, shown, job.classes, job.settings.features, _HELD_OUT)
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
            job.classes,
            job.drawn_from,
            held_out,
            hardware=Hardware(device=job.device.type),
            checkpoints=Path(folder),
        )
    return clock.seconds


def time_plain(job: Job) -> float:
    """Return the seconds of a batch in the plain loop."""
    torch.manual_seed(job.settings.seed)
    network = build_network(job.settings.bundle_description().network_settings())
    network.to(job.device).train()
    optimiser = torch.optim.AdamW(
        network.parameters(), job.settings.learning_rate, weight_decay=job.settings.weight_decay
    )
    with StepClock(job) as clock:
        for *inputs, _, classes in job.batches():
            optimiser.zero_grad()
            logits = network(*(one.to(job.device) for one in inputs))
            ensemble_loss(logits, classes.to(job.device), job.settings.loss).backward()
            optimiser.step()
    return clock.seconds


def time_loader(job: Job) -> float:
    """Return the seconds of a batch that nobody learns from."""
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
