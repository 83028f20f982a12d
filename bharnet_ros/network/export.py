"""Exports a network as ONNX, for run times that need no PyTorch."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings

import torch
from torch import Tensor, nn

from bharnet_ros.network.bharnet import BHaRNet
from bharnet_ros.network.embedding import Embedding
from bharnet_ros.network.folding import fold_for_inference
from bharnet_ros.network.layers.instances import Instances
from bharnet_ros.network.settings import NetworkSettings
from bharnet_ros.network.tensor_names import EMBEDDING, INPUTS, LOGITS
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.layouts import get_layout

_TRACED = 3
"""Any number above one; an export treats an axis of length one as constant."""


class _Exported(nn.Module):
    """The network over all instances, whether they were seen or not.

    Which of them were seen is not known when the network is exported. What was not seen is zero and
    has no weight in all that joins instances, so the output is that of the network.
    """

    def __init__(self, network: BHaRNet, embedding: Embedding | None) -> None:
        super().__init__()
        self.network = network
        self.embedding = embedding

    def forward(
        self, body: Tensor, body_mask: Tensor, hands: Tensor, hand_mask: Tensor
    ) -> tuple[Tensor, ...]:
        output, _ = self.network.observe(
            _all_instances(body, body_mask), _all_instances(hands, hand_mask)
        )
        logits = (output.ensemble, output.body, output.hand, output.hand_seen)
        if self.embedding is None:
            return logits
        return (*logits, *self.embedding(output.body_features, output.hand_features))


def _all_instances(x: Tensor, mask: Tensor) -> Instances:
    count, channels, frames, joints, each = x.shape
    seen = (mask > 0).any(dim=1).reshape(count, 1, 1, 1, each)
    values = torch.where(seen, x, 0.0).permute(0, 4, 1, 2, 3)
    flat = values.reshape(count * each, channels, frames, joints)
    return Instances(flat, torch.arange(count * each), mask)


def export_network(network: BHaRNet, frames: int, embedding: Embedding | None = None) -> bytes:
    """Return a network as an ONNX model, for any number of windows and of people in each.

    Args:
        network: On the CPU, in evaluation mode.
        frames: Frames T of a window.
        embedding: Computes embeddings beside the logits; None leaves them out.

    Raises:
        InputError: The network cannot be exported, or a package is missing that exports need.
    """
    settings = network.settings
    if not network.exportable:
        streams = "".join(f" with stream {name}" for name in settings.streams)
        raise InputError(f"variant {settings.variant}{streams}: cannot be exported")
    example = example_input(settings, _TRACED, frames, people=2)
    windows, people = torch.export.Dim("windows", min=1), torch.export.Dim("people", min=1)
    # The exporter would print each of its steps.
    for name in ("torch.onnx", "onnx_ir"):
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            exported = torch.onnx.export(
                _Exported(fold_for_inference(network), embedding).eval(),
                example,
                input_names=list(INPUTS),
                output_names=[*LOGITS, *(EMBEDDING if embedding else ())],
                dynamic_shapes=(
                    {0: windows, 4: people},
                    {0: windows, 2: people},
                    {0: windows, 4: 2 * people},
                    {0: windows, 2: 2 * people},
                ),
                dynamo=True,
                verbose=False,
            )
    except ImportError as error:
        raise InputError(f"exports need `pip install onnx onnxscript`: {error}") from error
    assert exported is not None
    model = exported.model_proto
    # Where in which file each node comes from: as long as all weights.
    for node in (*model.graph.node, *(node for one in model.functions for node in one.node)):
        del node.metadata_props[:]
    for value in (*model.graph.value_info, *model.graph.input, *model.graph.output):
        del value.metadata_props[:]
    del model.graph.metadata_props[:], model.metadata_props[:]
    content: bytes = model.SerializeToString()
    return content


def example_input(
    settings: NetworkSettings, windows: int, frames: int, *, people: int = 1, seed: int = 0
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return made-up input for a network of these settings: body, body mask, hands and hand mask.

    Every second hand is in view for a part of the window, and the first window shows no hand.
    """
    random = torch.Generator().manual_seed(seed)
    bodies, palms = get_layout(settings.body_layout), get_layout(settings.hand_layout)
    hand_mask = torch.ones(windows, frames, 2 * people)
    hand_mask[:, frames // 2 :, ::2] = 0.0
    hand_mask[0] = 0.0
    return (
        torch.randn(windows, settings.body_channels, frames, len(bodies), people, generator=random),
        torch.ones(windows, frames, people),
        torch.randn(
            windows, settings.hand_channels, frames, len(palms), 2 * people, generator=random
        ),
        hand_mask,
    )
