"""Runs the networks: MediaPipe's .tflite files, with OpenVINO."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import openvino
from openvino.preprocess import PrePostProcessor

from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import FloatArray

THREADS = 2
"""CPU threads of a network. More would gain little, the networks being small."""

Item = TypeVar("Item")
Pixels = npt.NDArray[np.uint8]


class Network:
    """A network whose input is filled in place. One thread at a time may run it.

    Attributes:
        inputs: (N, S, S, 3) RGB.
    """

    inputs: Pixels

    def __init__(
        self,
        path: Path,
        outputs: Sequence[int],
        *,
        low: float = 0.0,
        threads: int = THREADS,
        images: int = 1,
    ) -> None:
        """Load and compile a network.

        Args:
            path: The .tflite file.
            outputs: The outputs that are wanted, by their numbers; what only leads to others is not
                computed.
            low: What the network takes for black; white is 1.
            threads: CPU threads.
            images: Number N of images in a batch.

        Raises:
            InputError: The file does not hold such a network; names it.
        """
        core = openvino.Core()
        try:
            model = core.read_model(str(path))
        except RuntimeError as error:
            raise InputError(f"{path}: cannot be read as a network") from error
        if len(model.outputs) <= max(outputs):
            raise InputError(f"{path}: is another network, with {len(model.outputs)} outputs")
        sources = [model.outputs[number].get_node().input_value(0) for number in outputs]
        model = openvino.Model(sources, model.get_parameters())
        model.reshape([images, *list(model.inputs[0].shape)[1:]])
        steps = PrePostProcessor(model)
        steps.input().tensor().set_element_type(openvino.Type.u8)
        # Images as bytes go in, and are scaled inside, which saves a pass over each crop.
        steps.input().preprocess().convert_element_type(openvino.Type.f32).scale(
            255.0 / (1.0 - low)
        ).mean(-low)
        compiled = core.compile_model(
            steps.build(),
            "CPU",
            {
                "PERFORMANCE_HINT": "LATENCY",
                "INFERENCE_NUM_THREADS": threads,
                # Pinned threads of two networks that run side by side would share a core.
                "ENABLE_CPU_PINNING": False,
                # In half precision, world landmarks would be centimetres off.
                "INFERENCE_PRECISION_HINT": "f32",
            },
        )
        self._request: Any = compiled.create_infer_request()
        self.inputs = self._request.get_input_tensor(0).data
        self._outputs: list[FloatArray] = [
            self._request.get_output_tensor(number).data for number in range(len(outputs))
        ]

    @property
    def size(self) -> int:
        """Width and height S of the input, pixels."""
        return int(self.inputs.shape[1])

    def start(self) -> None:
        """Start to run the network on its input, which must not change until `wait`."""
        self._request.start_async()

    def wait(self) -> list[FloatArray]:
        """Return the outputs (N, ...) of what was started, valid until the next run."""
        self._request.wait()
        return self._outputs

    def run(self) -> list[FloatArray]:
        """Run the network on its input; return its outputs (N, ...), valid until the next run."""
        self._request.infer()
        return self._outputs


class PairedNetwork:
    """Runs a network on any number of images, two in a batch.

    A batch of two keeps two cores busier than one image does, and reads the weights once. Results
    do not depend on it.
    """

    def __init__(self, path: Path, outputs: Sequence[int], *, pairs: bool = True) -> None:
        """Load the network.

        Args:
            path: The .tflite file, of a network that can take batches.
            outputs: As for `Network`.
            pairs: Whether more than one image is likely; else each is a batch of its own.
        """
        self._path, self._outputs = path, outputs
        self._networks = [Network(path, outputs)]
        if pairs:
            self.load_pairs()

    def load_pairs(self) -> None:
        """Expect more than one image from now on; another thread may run the network meanwhile."""
        if len(self._networks) == 1:
            self._networks.append(Network(self._path, self._outputs, images=2))

    @property
    def size(self) -> int:
        """Width and height S of the input, pixels."""
        return self._networks[0].size

    def run(
        self, items: Sequence[Item], fill: Callable[[Item, Pixels], None]
    ) -> Iterator[tuple[Item, list[FloatArray]]]:
        """Run the network on the image of each item.

        Args:
            items: What has an image.
            fill: Fills the image (S, S, 3) of an item.

        Yields:
            Each item and its outputs, valid until the next one is asked for.
        """
        most = len(self._networks)
        for start in range(0, len(items), most):
            batch = items[start : start + most]
            network = self._networks[len(batch) - 1]
            for item, out in zip(batch, network.inputs, strict=True):
                fill(item, out)
            outputs = network.run()
            for number, item in enumerate(batch):
                yield item, [output[number] for output in outputs]
