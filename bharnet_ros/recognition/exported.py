"""The back end `onnxruntime`: the exported network of a bundle, on the CPU."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnxruntime

from bharnet_ros.features.modalities import NetworkInput
from bharnet_ros.features.streams import StreamInput
from bharnet_ros.network.tensor_names import EMBEDDING, INPUTS, LOGITS
from bharnet_ros.recognition.bundle import EXPORTED, ModelBundle, read_checked
from bharnet_ros.recognition.description import BundleError
from bharnet_ros.recognition.embedding import Embeddings
from bharnet_ros.recognition.output import WindowOutput


class ExportedNetwork:
    """Runs the exported network; implements `Backend`."""

    name = "onnxruntime"
    device = "cpu"

    def __init__(self, bundle: ModelBundle, threads: int = 0) -> None:
        """Load the network.

        Args:
            bundle: A model with an exported network.
            threads: CPU threads of one inference; 0 means one for each core.

        Raises:
            BundleError: The bundle has no exported network, or it is missing, changed, broken, or
                of another model; names the file.
        """
        path = bundle.path / EXPORTED
        if not bundle.exported:
            raise BundleError(f"{path}: no such file; `bharnet export {bundle.path}` writes it")
        content = read_checked(path, bundle.description.exported_sha256)
        background = bundle.background
        self._outputs = [*LOGITS, *(EMBEDDING if background else ())]
        self._body_size = background.space.body_size if background else 0
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 4
        # Threads that wait for work would take the time of those that have some.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(
                content, options, providers=["CPUExecutionProvider"]
            )
        # ONNX Runtime has error classes of its own, all of them derived from Exception alone.
        except Exception as error:
            raise BundleError(f"{path}: cannot be used: {error}") from error
        names = [one.name for one in self._session.get_inputs()]
        outputs = [one.name for one in self._session.get_outputs()]
        if names != list(INPUTS) or outputs != self._outputs:
            raise BundleError(
                f"{path}: has inputs {names} and outputs {outputs}; expected {list(INPUTS)} and "
                f"{self._outputs}"
            )

    def run(self, inputs: NetworkInput, streams: Mapping[str, StreamInput]) -> WindowOutput:
        """Return the output for N windows; there are no further streams."""
        feed = {name: np.ascontiguousarray(getattr(inputs, name)) for name in INPUTS}
        ensemble, body, hand, hand_seen, *embedding = self._session.run(None, feed)
        embeddings = None
        if embedding:
            vectors, *seen = embedding
            embeddings = Embeddings(vectors, self._body_size, *seen)
        return WindowOutput.of_skeleton(ensemble, body, hand, hand_seen, embeddings)


def open_backend(bundle: ModelBundle, device: str, threads: int) -> ExportedNetwork:
    """Return the exported network of a bundle; `device` is `cpu`.

    Raises:
        BundleError: As for `ExportedNetwork`.
    """
    return ExportedNetwork(bundle, threads)
