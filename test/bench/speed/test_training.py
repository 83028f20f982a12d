"""The training bench: its loops train on the same batches, and its clock counts steps."""

from __future__ import annotations

import argparse
import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

pytest.importorskip("pytorch_lightning", reason="training needs pytorch-lightning")

TINY = """
name: tiny
class_names: all
features: {frames: 8}
body: {channels: [8, 16], depths: [1, 1]}
hand: {channels: [8, 16], depths: [1, 1]}
batch_size: 4
epochs: 7
"""


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("config") / "tiny.yaml"
    path.write_text(TINY, encoding="utf-8")
    return path


@pytest.fixture
def job(bench: Any, config: Path) -> Any:
    """Return a job of one warm-up step and two timed ones, on the clips of one puppet."""
    training = bench("speed.training")
    options = argparse.Namespace(device="cpu", warm_up=1, steps=2, clock="wall")
    return training.job_of(str(config), training.puppet_clips(range(1)), options)


def test_clips_of_the_puppet_show_each_gesture_with_hands(job: Any) -> None:
    assert len(job.store) == 8
    assert sorted(job.targets.classes.tolist()) == list(range(8))
    assert job.store.frames.min() > 15
    assert job.store.hand_present.any(axis=1).mean() > 0.5


def test_an_epoch_has_the_warm_up_and_the_timed_batches(job: Any) -> None:
    batches = list(job.batches())
    assert len(batches) == 3
    assert all(len(targets.classes) == 4 for *_, targets in batches)
    # Each epoch is the same for every loop.
    again = next(iter(job.batches()))
    assert torch.equal(again[0], batches[0][0])


@pytest.mark.parametrize("name", ["bharnet train", "plain eager loop", "loader alone"])
def test_every_loop_works_on_a_cpu(bench: Any, job: Any, name: str) -> None:
    assert bench("speed.training_loops").LOOPS[name](job) > 0


def test_the_clock_counts_the_steps_after_the_warm_up(bench: Any, job: Any) -> None:
    loops = bench("speed.training_loops")
    ticks = itertools.count(0.0, 10.0)
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimiser = torch.optim.SGD([parameter], 0.1)
    with loops.StepClock(replace(job, now=lambda: next(ticks))) as clock:
        for _ in range(2):
            optimiser.step()
        with pytest.raises(RuntimeError, match="2 steps, which are too few"):
            clock.seconds  # noqa: B018
        for _ in range(3):
            optimiser.step()
    optimiser.step()
    # Two readings, ten seconds apart, around two steps.
    assert clock.seconds == 5.0
    assert next(ticks) == 20.0


def test_shares_are_taken_within_a_round(bench: Any) -> None:
    training = bench("speed.training")
    seconds = {
        "bharnet train": [0.5, 5.0, 0.5],
        "plain eager loop": [0.4, 4.0, 0.4],
        "loader alone": [0.1, 1.0, 0.1],
    }
    ours, plain, loader = training.evaluate(seconds, 32)
    assert ours["clips_per_s"] == pytest.approx(64)
    assert (ours["loader_share"], ours["times_plain"]) == pytest.approx((0.2, 0.8))
    assert (plain["loader_share"], plain["times_plain"]) == pytest.approx((0.25, 1.0))
    table = training.format_results([ours, plain, loader]).splitlines()
    assert table[1].split() == ["bharnet", "train", "64.0", "500.0", "20.00%", "0.80"]
    assert table[3].split() == ["loader", "alone", "320.0", "100.0", "-", "-"]


def test_a_data_set_replaces_the_clips_of_the_puppet(bench: Any, tmp_path: Path) -> None:
    training = bench("speed.training")
    frames, random = 12, np.random.default_rng(0)
    count = 2 * frames
    path = tmp_path / "clips.npz"
    np.savez(
        path,
        body_xy_delta=random.integers(0, 9, (count, 25, 2)).astype(np.int16),
        body_visibility=np.full((count, 25), 255, dtype=np.uint8),
        hands_xyz_delta=random.integers(0, 9, (count, 2, 21, 3)).astype(np.int16),
        offsets=np.arange(3, dtype=np.int32) * frames,
        label=np.asarray(["hello", "no"]),
        subject=np.asarray(["a", "b"]),
    )
    description, clips = training.read_clips(path, 1)
    assert description == "clips.npz, 2 clips"
    assert [clip.label for clip in clips] == ["hello", "no"]


def test_settings_with_streams_are_refused_by_name(bench: Any) -> None:
    training = bench("speed.training")
    options = argparse.Namespace(device="cpu", warm_up=1, steps=2, clock="wall")
    with pytest.raises(ValueError, match="--config: multimodal has streams beside the skeleton"):
        training.job_of("multimodal", training.puppet_clips(range(1)), options)
