"""Compare what can run the backbones on a CPU.

    python -m bench.speed.backends [--quick] [--rounds 20] [--people 1 2 8] [--compile]
        [--clock cpu]

The bench runs the folded backbones of the shipped models, of the body and of both hands, with all
hands in view. PyTorch is the recognizer's default back end and ONNX Runtime its other one. It also
measures TorchScript, which PyTorch will drop; OpenVINO, if it is installed; ONNX Runtime with
integers of 8 bits, whose ranges are taken from random inputs; and with --compile, `torch.compile`,
which needs a C++ compiler and a minute or more for each model. All take turns in a round; ratios
are taken within a round.
"""

from __future__ import annotations

import argparse
import importlib.util
import logging
import statistics
import tempfile
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from bench.command_line import run_bench
from bench.measuring import CLOCKS, add_clock_argument
from bharnet_ros.evaluation.tables import add_report_arguments, format_table, show
from bharnet_ros.network.cost import seconds_in_turn
from bharnet_ros.network.folding import fold_for_inference
from bharnet_ros.recognition.backends import OnnxBackbone, export_onnx, open_session
from bharnet_ros.recognition.bundle import load_bundle
from bharnet_ros.resources import find_model

MODELS = ("gestures", "gestures_light")
REFERENCE = "torch"
CALIBRATION_BATCHES = 20
REPEATS = 3
"""Passes that are timed together, since one alone is short."""

Runner = Callable[[Tensor], Any]


def torchscript(backbone: nn.Module, example: Tensor) -> Runner:
    """Return the backbone as a frozen TorchScript trace."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traced: Runner = torch.jit.freeze(torch.jit.trace(backbone, example))
    return traced


def openvino(backbone: nn.Module, example: Tensor) -> Runner:
    """Return a runner of the backbone with OpenVINO, for any number of instances."""
    import openvino as ov

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = ov.convert_model(
            backbone, example_input=example, input=[([-1, *example.shape[1:]])]
        )
    options = {
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
    }
    compiled = ov.Core().compile_model(model, "CPU", options)
    requests: dict[int, Any] = {}

    def infer(x: Tensor) -> Tensor:
        # A request reserves memory for the shape of its first input.
        request = requests.setdefault(len(x), compiled.create_infer_request())
        outputs = request.infer([x.numpy()], share_inputs=True, share_outputs=True)
        return torch.from_numpy(outputs[0])

    return infer


def int8(backbone: nn.Module, example: Tensor) -> Runner:
    """Return a runner of the backbone with ONNX Runtime, weights and features in 8 bits."""
    import onnx
    from onnxruntime import quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class RandomInputs(quantization.CalibrationDataReader):
        """Inputs for measuring the ranges of the features."""

        def __init__(self) -> None:
            self._left = iter(range(CALIBRATION_BATCHES))

        def get_next(self) -> dict[str, Any] | None:
            if next(self._left, None) is None:
                return None
            return {"x": torch.randn_like(example).numpy()}

    with tempfile.TemporaryDirectory() as folder:
        plain, prepared, small = (f"{folder}/{name}.onnx" for name in ("plain", "prepared", "int8"))
        onnx.save(onnx.load_from_string(export_onnx(backbone, tuple(example.shape[1:]))), plain)
        # The quantiser warns, through the root logger, about every tensor that it leaves unchanged.
        logging.disable(logging.WARNING)
        try:
            quant_pre_process(plain, prepared, skip_symbolic_shape=True)
            quantization.quantize_static(prepared, small, RandomInputs(), per_channel=True)
        finally:
            logging.disable(logging.NOTSET)
        session = open_session(Path(small).read_bytes())
    return lambda x: torch.from_numpy(session.run(None, {"x": x.numpy()})[0])


def runners(backbone: nn.Module, example: Tensor, *, compiled: bool) -> dict[str, Runner]:
    """Return the runners of the backbone by name, without those that are not installed."""
    found: dict[str, Runner] = {REFERENCE: backbone}
    if all(importlib.util.find_spec(name) for name in ("onnx", "onnxscript", "onnxruntime")):
        found["onnxruntime"] = OnnxBackbone(backbone)  # type: ignore[arg-type]
        found["onnxruntime int8"] = int8(backbone, example)
    found["torchscript"] = torchscript(backbone, example)
    if importlib.util.find_spec("openvino"):
        found["openvino"] = openvino(backbone, example)
    if compiled:
        found["compile"] = torch.compile(backbone, dynamic=False)
    return found


def measure(
    name: str, people: Sequence[int], rounds: int, clock: str, *, compiled: bool
) -> list[dict[str, Any]]:
    """Return milliseconds, ratio to torch and greatest difference from torch of each runner."""
    bundle = load_bundle(find_model(name))
    network, features = fold_for_inference(bundle.network), bundle.description.features
    parts = []
    for expert, channels, each in (
        (network.body, features.body_channels, 1),
        (network.hand, features.hand_channels, 2),
    ):
        assert isinstance(expert, nn.Module)
        backbone = expert.backbone
        assert isinstance(backbone, nn.Module)
        joints = backbone.blocks[0].spatial.adjacency.shape[-1]  # type: ignore[index,union-attr]
        shape = (channels, features.frames, int(joints))
        parts.append((runners(backbone, torch.randn(3, *shape), compiled=compiled), shape, each))
    results = []
    for count in people:
        inputs = [torch.randn(count * each, *shape) for _, shape, each in parts]

        def passes(runner: str, inputs: list[Tensor] = inputs) -> Callable[[], list[Any]]:
            def run() -> list[Any]:
                for _ in range(REPEATS):
                    found = [made[runner](x) for (made, _, _), x in zip(parts, inputs, strict=True)]
                return found

            return run

        names = list(parts[0][0])
        with torch.inference_mode():
            expected = passes(REFERENCE)()
            differences = {
                one: max(
                    float((a - b).abs().max() / b.abs().max())
                    for a, b in zip(passes(one)(), expected, strict=True)
                )
                for one in names
            }
            taken = seconds_in_turn([passes(one) for one in names], rounds, CLOCKS[clock])
        for one, seconds in zip(names, taken, strict=True):
            ratios = [own / by_torch for own, by_torch in zip(seconds, taken[0], strict=True)]
            results.append(
                {
                    "model": name,
                    "people": count,
                    "runner": one,
                    "ms": 1e3 * statistics.median(seconds) / REPEATS,
                    "times_torch": statistics.median(ratios),
                    "apart": differences[one],
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
    torch.manual_seed(0)
    rounds = 2 if options.quick else options.rounds
    results = [
        one
        for name in (MODELS[1:] if options.quick else MODELS)
        for one in measure(name, options.people, rounds, options.clock, compiled=options.compile)
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
