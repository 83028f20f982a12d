"""Back ends that run the network: PyTorch, or ONNX Runtime for the costly backbones."""

from __future__ import annotations

import contextlib
import importlib
import io
import logging
import warnings
from typing import Any

import torch
from torch import Tensor, nn

from bharnet_ros.network.bharnet import BHaRNet
from bharnet_ros.network.layers.backbone import Backbone, Branch
from bharnet_ros.types.errors import InputError

BACKENDS = ("torch", "onnxruntime")
"""Names of the back ends; `onnxruntime` needs the extra `onnx` and a CPU."""

AGREEMENT = 1e-5
"""Largest difference between the logits of two back ends, as a share of the greatest logit."""

_INSTANCES = "instances"
_TRACED_INSTANCES = 3
"""Any number above one; an export treats an axis of length one as constant."""


def use_backend(network: BHaRNet, backend: str, device: torch.device) -> BHaRNet:
    """Make the back end run the network; return the network.

    Args:
        network: Folded network on the device; its backbones may be replaced.
        backend: One of `BACKENDS`.
        device: Device of the network.

    Raises:
        InputError: The back end is unknown, is not installed, or does not run on the device.
    """
    if backend not in BACKENDS:
        raise InputError(f"backend: {backend!r} is unknown; known are: {', '.join(BACKENDS)}")
    if backend == "torch":
        return network
    if device.type != "cpu":
        raise InputError(f"backend: onnxruntime runs on the CPU only, but the device is {device}")
    for name in ("onnx", "onnxscript", "onnxruntime"):
        try:
            importlib.import_module(name)
        except ImportError as error:
            raise InputError(
                "backend: onnxruntime needs `pip install onnx onnxscript onnxruntime`, the extra "
                f"`onnx` of setup.py: {error}"
            ) from error
    for module in list(network.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, (Backbone, Branch)):
                setattr(module, name, OnnxBackbone(child))
    return network


class OnnxBackbone(nn.Module):
    """Runs a backbone, or a branch of one, in ONNX Runtime for any number of instances.

    The backbone is exported for the shape of its first input, and again when channels, frames or
    joints change. An export takes seconds.
    """

    def __init__(self, backbone: Backbone | Branch) -> None:
        """Keep the backbone; the first input exports it."""
        super().__init__()
        self.backbone = backbone
        self._session: Any = None
        self._shape: tuple[int, ...] = ()

    def forward(self, x: Tensor) -> Tensor:
        """Map instances (B, C, T, V) to features (B, C_out, T_out, V)."""
        if x.shape[0] == 0:
            features: Tensor = self.backbone(x)
            return features
        if tuple(x.shape[1:]) != self._shape:
            self._session = open_session(export_onnx(self.backbone, tuple(x.shape[1:])))
            self._shape = tuple(x.shape[1:])
        (output,) = self._session.run(None, {"x": x.contiguous().numpy()})
        return torch.from_numpy(output)


def export_onnx(backbone: nn.Module, shape: tuple[int, ...]) -> bytes:
    """Return a backbone as an ONNX model, for any number of instances (B, *shape)."""
    # The export would print each of its steps.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        exported = torch.onnx.export(
            backbone,
            (torch.zeros(_TRACED_INSTANCES, *shape),),
            input_names=["x"],
            dynamic_shapes=({0: torch.export.Dim(_INSTANCES, min=1)},),
            dynamo=True,
            verbose=False,
        )
    assert exported is not None
    model: bytes = exported.model_proto.SerializeToString()
    return model


def open_session(model: bytes) -> Any:
    """Return an ONNX Runtime session for a model, with as many threads as torch uses."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
