"""Packages that only some commands need."""

from __future__ import annotations

import importlib.util

from bharnet_ros.types.errors import InputError

TRAINING = ("torch", "torchvision", "pytorch_lightning", "torchmetrics", "onnx", "onnxscript")
"""What the extra `train` brings."""


def require_training() -> None:
    """Check that the packages of the extra `train` are installed.

    Raises:
        InputError: One is missing; names all that are, and what to install.
    """
    missing = [name for name in TRAINING if importlib.util.find_spec(name) is None]
    if missing:
        raise InputError(
            f"not installed: {', '.join(missing)}; they come with the extra `train` (pip install "
            "'.[ros,train]')"
        )
