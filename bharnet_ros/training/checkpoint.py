"""Checks a checkpoint before a training run continues from it."""

from __future__ import annotations

from pathlib import Path

from bharnet_ros.training.initial_weights import load_pickle
from bharnet_ros.training.module import TrainingModule
from bharnet_ros.types.errors import InputError


def check_checkpoint(file: Path, module: TrainingModule) -> int:
    """Check that a file is a checkpoint of the same training run, which may then continue.

    Args:
        file: A file that `bharnet train` wrote to `checkpoints/`.
        module: The training module that is to continue.

    Returns:
        The number of finished epochs.

    Raises:
        InputError: The file is not a checkpoint, or is of another network or of a run of another
            length; names the file.
        OSError: The file cannot be read.
    """
    content = load_pickle(file, f"--resume: {file}: is not a checkpoint")
    weights = content.get("state_dict") if isinstance(content, dict) else None
    if not isinstance(weights, dict):
        raise InputError(f"--resume: {file}: is not a checkpoint: it has no weights")
    found = {name: getattr(value, "shape", None) for name, value in weights.items()}
    expected = {name: value.shape for name, value in module.state_dict().items()}
    different = [name for name in {**expected, **found} if found.get(name) != expected.get(name)]
    if different:
        raise InputError(f"--resume: {file}: is of another network: {different[0]} differs")
    schedules = content.get("lr_schedulers") or [{}]
    steps = schedules[0].get("total_steps")
    if steps != module.steps:
        raise InputError(
            f"--resume: {file}: is of a run of {steps} steps, this one has {module.steps}; "
            "epochs, batch size and clips must be the same"
        )
    return int(content["epoch"]) + 1
