"""The back end `torch`: the weights of a bundle, on a CPU or a GPU."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from bharnet_ros.features.modalities import NetworkInput
from bharnet_ros.features.streams import StreamInput
from bharnet_ros.features.tensors import network_tensors
from bharnet_ros.network.embedding import Embedding
from bharnet_ros.network.folding import fold_for_inference
from bharnet_ros.network.output import ExpertOutput
from bharnet_ros.recognition.bundle import ModelBundle
from bharnet_ros.recognition.devices import choose_device
from bharnet_ros.recognition.embedding import Embeddings, EmbeddingSpace
from bharnet_ros.recognition.output import WindowOutput
from bharnet_ros.recognition.weights import load_network
from bharnet_ros.types.errors import InputError


class TorchNetwork:
    """Runs the network of a bundle; implements `Backend`."""

    name = "torch"

    def __init__(self, bundle: ModelBundle, device: str, threads: int = 0) -> None:
        """Load the network to the device.

        Args:
            bundle: The model.
            device: `cpu` or `cuda:N`.
            threads: CPU threads of one inference, in the whole process; 0 leaves them as they are.

        Raises:
            BundleError: The weights cannot be used; names the file.
            InputError: PyTorch refuses the number of threads.
        """
        self.device = device
        if threads:
            try:
                torch.set_num_threads(threads)
            except (RuntimeError, ValueError):
                raise InputError(
                    f"threads: must be a positive 32-bit number, got {threads}"
                ) from None
        self._device = torch.device(device)
        self._network = fold_for_inference(load_network(bundle)).to(self._device)
        space = None if bundle.background is None else bundle.background.space
        self._body_size = 0 if space is None else space.body_size
        self._embed = None if space is None else embedding_layer(space).to(self._device)

    def run(self, inputs: NetworkInput, streams: Mapping[str, StreamInput]) -> WindowOutput:
        """Return the output for N windows; further streams by their names."""
        with torch.inference_mode():
            output = self._network(*network_tensors(inputs, streams, self._device))
            embedded = None
            if self._embed is not None:
                embedded = self._embed(output.body_features, output.hand_features)
        return window_output(output, embedded, self._body_size)


def open_backend(bundle: ModelBundle, device: str, threads: int) -> TorchNetwork:
    """Return the network of a bundle on the device.

    Raises:
        BundleError: As for `TorchNetwork`.
        InputError: As for `TorchNetwork`.
    """
    return TorchNetwork(bundle, device, threads)


def torch_device(device: str) -> torch.device:
    """Return the device of this name, as `choose_device` does.

    Raises:
        InputError: As for `choose_device`.
    """
    return torch.device(choose_device(device))


def embedding_layer(space: EmbeddingSpace) -> Embedding:
    """Return the layer that maps features to the embeddings of a space."""
    return Embedding(
        *(
            torch.tensor(array)
            for part in (space.body, space.hand)
            for array in (part.centre, part.projection)
        )
    )


def embed(space: EmbeddingSpace, output: ExpertOutput) -> Embeddings:
    """Return the embeddings of N windows from the output of the network, on the CPU.

    Raises:
        InputError: The space belongs to another network.
    """
    for name, part, features in (
        ("body", space.body, output.body_features),
        ("hand", space.hand, output.hand_features),
    ):
        if features.shape[1] != len(part.centre):
            raise InputError(
                f"embedding: {name}: the network has {features.shape[1]} features, the space has "
                f"{len(part.centre)}"
            )
    embedded = embedding_layer(space)(output.body_features, output.hand_features)
    return Embeddings(embedded[0].numpy(), space.body_size, *(one.numpy() for one in embedded[1:]))


def window_output(
    output: ExpertOutput,
    embedded: tuple[torch.Tensor, ...] | None = None,
    body_size: int = 0,
) -> WindowOutput:
    """Return the output of the network as arrays, on the CPU.

    Args:
        output: The output for N windows.
        embedded: What `Embedding` returns for them; None without an embedding space.
        body_size: D of the body part of an embedding.
    """
    logits = (output.ensemble, output.body, output.hand, output.skeleton, output.streams)
    ensemble, body, hand, skeleton, of_streams = (one.float().cpu().numpy() for one in logits)
    embeddings = None
    if embedded is not None:
        vectors, *seen = (one.cpu().numpy() for one in embedded)
        embeddings = Embeddings(vectors, body_size, *seen)
    return WindowOutput(
        ensemble,
        body,
        hand,
        output.hand_seen.cpu().numpy(),
        skeleton,
        of_streams,
        output.stream_seen.cpu().numpy(),
        embeddings,
    )
