"""Which device the network runs on, found without PyTorch where there is no GPU."""

from __future__ import annotations

import ctypes
import importlib.util
import re

from bharnet_ros.types.errors import InputError

_NAMES = "auto, cpu, cuda, cuda:N"


def choose_device(device: str) -> str:
    """Return the device of this name: `cpu` or `cuda:N`; `auto` is a GPU if there is one.

    Raises:
        InputError: The name is unknown, or there is no such device, or PyTorch, which a GPU needs,
            is not installed.
    """
    if device == "cpu":
        return device
    if device == "auto":
        return "cuda:0" if gpu_count() and gpu_usable() else "cpu"
    match = re.fullmatch(r"cuda(?::(\d+))?", device)
    if match is None:
        raise InputError(f"device: {device!r} is not one of {_NAMES}")
    if not torch_installed():
        raise InputError(
            f"device: {device!r} needs PyTorch, which is not installed: `make install GPU=1`, or "
            "`pip install torch`"
        )
    if not gpu_usable():
        raise InputError(f"device: {device!r} was asked for, but CUDA is not available")
    import torch

    index, count = int(match[1] or 0), torch.cuda.device_count()
    if index >= count:
        raise InputError(f"device: {device!r} was asked for, but there are {count} GPUs")
    return f"cuda:{index}"


def gpu_count() -> int:
    """Return the number of GPUs by the driver, 0 if there is no driver.

    It takes a moment, where the import of PyTorch takes seconds.
    """
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return 0
    count = ctypes.c_int(0)
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
        return 0
    return count.value


def idle_gpu() -> str:
    """Return why `auto` leaves the GPUs of this machine alone, empty if it does not."""
    found = gpu_count()
    if not found or gpu_usable():
        return ""
    if torch_installed():
        return f"{found} GPU found, but this PyTorch cannot use it"
    return f"{found} GPU found, but PyTorch is not installed: `make install GPU=1`"


def torch_installed() -> bool:
    """Return whether PyTorch can be imported."""
    return importlib.util.find_spec("torch") is not None


def gpu_usable() -> bool:
    """Return whether PyTorch is installed and can use a GPU."""
    if not torch_installed():
        return False
    import torch

    return torch.cuda.is_available()
