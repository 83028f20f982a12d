"""Compare the speed of training with that of a plain loop over the same network and batches.

    python -m bench.speed.training [--quick] [--data FILE] [--config base ...] [--rounds 5]
        [--steps 20] [--device cpu] [--threads 1] [--clock cpu] [--json]

*bharnet train* is the function that the command runs once the clips are in memory: augmentation,
network, loss, clipped gradients, optimiser, schedule and moving average of the weights, by
Lightning. The *plain loop* is the least code that trains the same network with the same
augmentation, batches, loss and optimiser: eager PyTorch and nothing else. Both are timed between
two steps of the optimiser, after some warm-up steps. The *loader alone* makes the same batches
without training. All take turns in one process, and ratios are taken within a round.

Without `--data`, the clips are the puppet's, with its exact keypoints.
"""

from __future__ import annotations

import argparse
import logging
import statistics
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bench.command_line import run_bench
from bench.measuring import add_clock_argument
from bench.speed.recognition import median_ratio
from bench.speed.training_loops import LOADER, LOOPS, PLAIN, Job
from bharnet_ros.datasets.base import RecordedClip
from bharnet_ros.datasets.opening import guess_kind, open_dataset
from bharnet_ros.evaluation.tables import add_report_arguments, format_table, percent, show
from bharnet_ros.recognition.pytorch import torch_device
from bharnet_ros.sources.puppet import open_puppet
from bharnet_ros.training.store.clips import store_clips
from bharnet_ros.training.targets import clip_targets
from bharnet_ros.types.actions import BACKGROUND
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import KeypointSequence
from bharnet_ros.types.layouts import get_layout
from research.network_cost import config_settings

_FPS = 15.0
"""Frame rate of the puppet, which is the one assumed for the clips of holistic_wild."""


def measure(job: Job, rounds: int) -> dict[str, list[float]]:
    """Return the seconds per batch in each round, by loop."""
    seconds: dict[str, list[float]] = {name: [] for name in LOOPS}
    for _ in range(rounds):
        for name, loop in LOOPS.items():
            seconds[name].append(loop(job))
    return seconds


def evaluate(seconds: dict[str, list[float]], batch_size: int) -> list[dict[str, Any]]:
    """Return the row of each loop in the table.

    The share of the loader is the share of a loop's time that it would wait if the same process
    made each batch on request.
    """
    return [
        {
            "loop": name,
            "clips_per_s": batch_size / statistics.median(taken),
            "ms_batch": 1e3 * statistics.median(taken),
            "loader_share": median_ratio(seconds[LOADER], taken),
            "times_plain": median_ratio(seconds[PLAIN], taken),
        }
        for name, taken in seconds.items()
    ]


def format_results(results: Sequence[dict[str, Any]]) -> str:
    """Return the table."""
    rows = []
    for one in results:
        row = [one["loop"], f"{one['clips_per_s']:.1f}", f"{one['ms_batch']:.1f}"]
        is_loader = one["loop"] == LOADER
        row += ["-" if is_loader else percent(one["loader_share"])]
        rows.append([*row, "-" if is_loader else f"{one['times_plain']:.2f}"])
    header = ["loop", "clips/s", "ms a batch", "share of the loader", "times as fast as plain"]
    return format_table(header, rows)


def puppet_clips(seeds: range) -> list[RecordedClip]:
    """Return one clip per gesture of the puppet and seed."""
    clips = []
    for seed in seeds:
        puppet = open_puppet("gestures", fps=_FPS, seed=seed)
        for action in puppet.true_actions:
            numbers = range(
                round(action.start_s * _FPS), min(round(action.end_s * _FPS), len(puppet))
            )
            sequence = KeypointSequence.of(
                [(number / _FPS, puppet.truth(number).people[0]) for number in numbers],
                width=puppet.width,
                height=puppet.height,
                label=action.label,
            )
            clips.append(RecordedClip(f"{action.label}_{seed}", (sequence,), action.label))
    return clips


def read_clips(path: Path | None, seeds: int) -> tuple[str, list[RecordedClip]]:
    """Return a description of the clips, and the clips: those of a data set, or the puppet's."""
    if path is None:
        clips = puppet_clips(range(seeds))
        return f"the puppet, {len(clips)} clips", clips
    data = open_dataset(path, guess_kind(path))
    return f"{path.name}, {len(data)} clips", list(data.clips(np.arange(len(data))))


def job_of(config: str, clips: Sequence[RecordedClip], options: argparse.Namespace) -> Job:
    """Return the job for some settings.

    Raises:
        InputError: The settings have streams beside the skeleton, which the plain loop lacks.
    """
    settings = replace(config_settings(config), epochs=1)
    if settings.streams:
        raise InputError(f"--config: {config} has streams beside the skeleton")
    labels = np.asarray([clip.label for clip in clips])
    if not settings.class_names:
        settings = replace(settings, class_names=tuple(sorted({*labels.tolist()} - {BACKGROUND})))
    names = settings.bundle_description().class_names
    store = store_clips(clips, get_layout(settings.features.body_layout))
    device = torch_device(options.device)
    subjects = np.full(len(labels), "")
    targets = clip_targets(labels, subjects, names, np.arange(len(labels)))
    return Job(settings, store, targets, device, options.warm_up, options.steps)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print one table per settings."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, metavar="FILE", help="data set (default: the puppet)")
    parser.add_argument("--config", nargs="+", default=["base"], help="YAML files or their names")
    parser.add_argument("--rounds", type=int, default=5, help="rounds (default: %(default)s)")
    parser.add_argument(
        "--steps", type=int, default=20, help="timed batches (default: %(default)s)"
    )
    parser.add_argument("--warm-up", type=int, default=5, help="batches before the timed ones")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="1 round, 2 batches")
    add_clock_argument(parser)
    add_report_arguments(parser)
    options = parser.parse_args(arguments)
    if options.quick:
        options.rounds, options.steps, options.warm_up = 1, 2, 1
    if min(options.rounds, options.steps, options.warm_up, options.threads) < 1:
        parser.error("--rounds, --steps, --warm-up and --threads must be positive")
    for name in ("pytorch_lightning", "lightning_fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    torch.set_num_threads(options.threads)
    data_name, clips = read_clips(options.data, 1 if options.quick else 12)
    texts, content = [], []
    for config in options.config:
        job = job_of(config, clips, options)
        results = evaluate(measure(job, options.rounds), job.settings.batch_size)
        where = "cpu" if job.device.type == "cpu" else torch.cuda.get_device_name(job.device)
        head = {
            "config": job.settings.name,
            "data": data_name,
            "device": where,
            "threads": options.threads,
            "clock": options.clock,
            "batch_size": job.settings.batch_size,
        }
        content.append({**head, "rounds": options.rounds, "results": results})
        texts.append(
            f"{job.settings.name}, batches of {job.settings.batch_size}, {data_name}; {where}, "
            f"{options.threads} thread(s), {options.rounds} rounds of {options.steps} batches, "
            f"{options.clock} clock\n\n" + format_results(results)
        )
    show(options, "\n\n".join(texts), {"trainings": content})
    return 0


if __name__ == "__main__":
    run_bench(main)
