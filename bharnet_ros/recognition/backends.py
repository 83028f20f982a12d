"""Back ends that run the network of a bundle: their interface, and the choice of one.

`onnxruntime` runs the exported network of the bundle on the CPU; `torch` runs the weights, on a GPU
too. Only the chosen one is imported.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Protocol

from bharnet_ros.features.modalities import NetworkInput
from bharnet_ros.features.streams import StreamInput
from bharnet_ros.recognition.bundle import ModelBundle
from bharnet_ros.recognition.devices import choose_device
from bharnet_ros.recognition.output import WindowOutput
from bharnet_ros.types.errors import InputError

AUTO = "auto"

_MODULES = {
    "onnxruntime": "bharnet_ros.recognition.exported",
    "torch": "bharnet_ros.recognition.pytorch",
}

BACKENDS = (AUTO, *_MODULES)
"""Names of the back ends; `auto` is `onnxruntime` on the CPU where the bundle has an exported
network, else `torch`."""


class Backend(Protocol):
    """Runs a network. One thread at a time calls it.

    Attributes:
        name: One of `BACKENDS`.
        device: `cpu` or `cuda:N`.
    """

    name: str
    device: str

    def run(self, inputs: NetworkInput, streams: Mapping[str, StreamInput]) -> WindowOutput:
        """Return the output for N windows; further streams by their names."""


def open_backend(
    bundle: ModelBundle, device: str = AUTO, backend: str = AUTO, threads: int = 0
) -> Backend:
    """Load the network of a bundle.

    Args:
        bundle: The model.
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
        backend: One of `BACKENDS`.
        threads: CPU threads of one inference; 0 leaves the number to the back end.

    Raises:
        BundleError: The network of the bundle cannot be used; names the file.
        InputError: There is no such device or back end, it is not installed, or it does not run
            the bundle on the device.
    """
    if backend not in BACKENDS:
        raise InputError(f"backend: {backend!r} is unknown; known are: {', '.join(BACKENDS)}")
    chosen = "cpu" if backend == "onnxruntime" and device == AUTO else choose_device(device)
    if backend == AUTO:
        backend = "onnxruntime" if chosen == "cpu" and bundle.exported else "torch"
    if backend == "onnxruntime" and chosen != "cpu":
        raise InputError(f"backend: onnxruntime runs on the CPU only, but the device is {chosen}")
    try:
        module = importlib.import_module(_MODULES[backend])
    except ModuleNotFoundError as error:
        raise InputError(_what_is_missing(bundle, chosen, backend, error.name or "")) from error
    opened: Backend = module.open_backend(bundle, chosen, threads)
    return opened


def _what_is_missing(bundle: ModelBundle, device: str, backend: str, package: str) -> str:
    if backend == "torch" and device == "cpu" and not bundle.exported:
        return (
            f"model {bundle.description.name}: has no exported network, so it needs PyTorch "
            f"({package} is not installed); `bharnet export {bundle.path}` writes one where "
            "PyTorch is installed"
        )
    return f"backend: {backend} needs the package {package}, which is not installed"
