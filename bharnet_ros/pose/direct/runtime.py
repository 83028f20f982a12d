"""Runs the networks: MediaPipe's .tflite files, with OpenVINO."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import openvino
from openvino.preprocess import PrePostProcessor

from bharnet_ros.types.keypoints import FloatArray


class Network:
    """A network whose input is filled in place. One thread at a time may run it.

    Attributes:
        input: (S, S, 3) RGB.
    """

    input: npt.NDArray[np.uint8]

    def __init__(
        self, path: Path, outputs: Sequence[int], *, low: float = 0.0, threads: int = 1
    ) -> None:
        """Load and compile a network.

        Args:
            path: The .tflite file.
            outputs: The outputs that are wanted, by their numbers; what only leads to others is not
                computed.
            low: What the network takes for black; white is 1.
            threads: CPU threads.

        Raises:
            OSError: The file cannot be read.
        """
        core = openvino.Core()
        model = core.read_model(str(path))
        sources = [model.outputs[number].get_node().input_value(0) for number in outputs]
        model = openvino.Model(sources, model.get_parameters())
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
        self.input = self._request.get_input_tensor(0).data[0]
        self._outputs: list[FloatArray] = [
            self._request.get_output_tensor(number).data for number in range(len(outputs))
        ]

    @property
    def size(self) -> int:
        """Width and height S of the input, pixels."""
        return int(self.input.shape[0])

    def run(self) -> list[FloatArray]:
        """Run the network on its input; return its outputs, valid until the next run."""
        self._request.infer()
        return self._outputs
