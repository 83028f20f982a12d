"""Compare what can run the network on a CPU.

    python -m bench.speed.backends [--quick] [--rounds 20] [--people 1 2 8] [--compile]
        [--clock cpu]

The bench runs the shipped models from the input of the network to its logits and embeddings, with
both hands in view. ONNX Runtime is the recogniser's back end on a CPU, PyTorch its other one. It
also measures OpenVINO, if it is installed; ONNX Runtime with integers of 8 bits, whose ranges are
taken from random inputs; and with --compile, `torch.compile`, which needs a C++ compiler and a
minute or more for each model. All take turns in a round; ratios are taken within a round.
"""

from __future__ import annotations

import argparse
import importlib.util
import logging
import statistics
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
import torch

from bench.command_line import run_bench
from bench.measuring import CLOCKS, add_clock_argument
from bharnet_ros.evaluation.tables import add_report_arguments, format_table, show
from bharnet_ros.network.cost import seconds_in_turn
from bharnet_ros.network.export import example_input
from bharnet_ros.network.folding import fold_for_inference
from bharnet_ros.network.tensor_names import INPUTS
from bharnet_ros.recognition.bundle import EXPORTED, load_bundle
from bharnet_ros.recognition.weights import load_network
from bharnet_ros.resources import find_model

MODELS = ("gestures", "gestures_light")
REFERENCE = "torch"
CALIBRATION_BATCHES = 20
REPEATS = 3
"""Passes that are timed together, since one alone is short."""

Arrays = dict[str, npt.NDArray[np.float32]]
Runner = Callable[[Arrays], npt.NDArray[np.float32]]
"""Returns the logits of both experts together for the input of the network."""


def onnx_runtime(model: Path, threads: int) -> Runner:
    """Return a runner of an ONNX model with ONNX Runtime."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def run(inputs: Arrays) -> npt.NDArray[np.float32]:
        ensemble: npt.NDArray[np.float32] = session.run(None, inputs)[0]
        return ensemble

    return run


def openvino(model: Path, threads: int) -> Runner:
    """Return a runner of an ONNX model with OpenVINO."""
    import openvino as ov

    options = {
        "INFERENCE_NUM_THREADS": threads,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
    }
    compiled = ov.Core().compile_model(str(model), "CPU", options)
    requests: dict[int, Any] = {}

    def run(inputs: Arrays) -> npt.NDArray[np.float32]:
        # A request reserves memory for the shape of its first input.
        windows = len(inputs[INPUTS[0]])
        request = requests.setdefault(windows, compiled.create_infer_request())
        found: npt.NDArray[np.float32] = request.infer(inputs, share_inputs=True)[0]
        return found

    return run


def int8(model: Path, examples: Sequence[Arrays], threads: int) -> Runner:
    """Return a runner of an ONNX model with weights and features in 8 bits."""
    from onnxruntime import quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Examples(quantization.CalibrationDataReader):
        """Inputs for measuring the ranges of the features."""

        def __init__(self) -> None:
            self._left = iter(examples)

        def get_next(self) -> Arrays | None:
            return next(self._left, None)

    with tempfile.TemporaryDirectory() as folder:
        prepared, small = (f"{folder}/{name}.onnx" for name in ("prepared", "int8"))
        # The quantiser warns, through the root logger, about every tensor that it leaves unchanged.
        logging.disable(logging.WARNING)
        try:
            quant_pre_process(str(model), prepared, skip_symbolic_shape=True)
            quantization.quantize_static(prepared, small, Examples(), per_channel=True)
        finally:
            logging.disable(logging.NOTSET)
        return onnx_runtime(Path(small), threads)


def measure(
    name: str, people: Sequence[int], rounds: int, clock: str, *, threads: int, compiled: bool
) -> list[dict[str, Any]]:
    """Return milliseconds, ratio to torch and greatest difference from torch of each runner."""
    bundle = load_bundle(find_model(name))
    network, model = fold_for_inference(load_network(bundle)), bundle.path / EXPORTED

    def example(windows: int, seed: int = 0) -> Arrays:
        made = example_input(network.settings, windows, bundle.description.frames, seed=seed)
        arrays = dict(zip(INPUTS, (tensor.numpy() for tensor in made), strict=True))
        arrays["hand_mask"][:] = 1.0
        return arrays

    def by_torch(forward: Any) -> Runner:
        def run(inputs: Arrays) -> npt.NDArray[np.float32]:
            with torch.inference_mode():
                output = forward(*(torch.from_numpy(array) for array in inputs.values()))
            ensemble: npt.NDArray[np.float32] = output.ensemble.numpy()
            return ensemble

        return run

    runners = {REFERENCE: by_torch(network), "onnxruntime": onnx_runtime(model, threads)}
    if importlib.util.find_spec("onnx"):
        calibrating = [example(1, seed) for seed in range(CALIBRATION_BATCHES)]
        runners["onnxruntime int8"] = int8(model, calibrating, threads)
    if importlib.util.find_spec("openvino"):
        runners["openvino"] = openvino(model, threads)
    if compiled:
        runners["compile"] = by_torch(torch.compile(network, dynamic=False))
    results = []
    for count in people:
        inputs = example(count, seed=1)

        def passes(run: Runner, inputs: Arrays = inputs) -> Callable[[], None]:
            def repeat() -> None:
                for _ in range(REPEATS):
                    run(inputs)

            return repeat

        expected = runners[REFERENCE](inputs)
        apart = {
            one: float(np.abs(run(inputs) - expected).max() / np.abs(expected).max())
            for one, run in runners.items()
        }
        taken = seconds_in_turn([passes(run) for run in runners.values()], rounds, CLOCKS[clock])
        for one, seconds in zip(runners, taken, strict=True):
            ratios = [own / reference for own, reference in zip(seconds, taken[0], strict=True)]
            results.append(
                {
                    "model": name,
                    "people": count,
                    "runner": one,
                    "ms": 1e3 * statistics.median(seconds) / REPEATS,
                    "times_torch": statistics.median(ratios),
                    "apart": apart[one],
                }
            )
    return results


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20, help="rounds (default: %(default)s)")
    parser.add_argument("--people", type=int, nargs="+", default=[1, 2, 8])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--compile", action="store_true", help="also measure torch.compile")
    parser.add_argument("--quick", action="store_true", help="2 rounds of the smaller model")
    add_clock_argument(parser)
    add_report_arguments(parser)
    options = parser.parse_args(arguments)
    if min(options.rounds, options.threads, *options.people) < 1:
        parser.error("--rounds, --threads and --people must be positive")
    torch.set_num_threads(options.threads)
    rounds = 2 if options.quick else options.rounds
    results = [
        one
        for name in (MODELS[1:] if options.quick else MODELS)
        for one in measure(
            name,
            options.people,
            rounds,
            options.clock,
            threads=options.threads,
            compiled=options.compile,
        )
    ]
    rows = [
        [
            *(one["model"], str(one["people"]), one["runner"]),
            *(f"{one['ms']:.2f}", f"{one['times_torch']:.2f}", f"{one['apart']:.0e}"),
        ]
        for one in results
    ]
    titles = ["model", "people", "run by", "ms", "of torch's time", "greatest difference"]
    text = f"{options.threads} thread(s), {rounds} rounds, {options.clock} clock\n\n"
    show(options, text + format_table(titles, rows), {"results": results})
    return 0


if __name__ == "__main__":
    run_bench(main)
