"""Measure how fast a GPU scores windows in each form of our networks, beside published ones.

    python -m bench.speed.gpu [--quick] [--rounds 30] [--windows 1 8 64 512] [--models NAME ...]
                        [--forms eager graph ...] [--device cpu] [--json]

Ours are folded, as the recognizer runs them. The forms are eager 32-bit floats, autocast to 16
bits, `torch.compile`, CUDA graphs, and combinations. The peers (bench/peers) run as their users
run them: eager. The input is on the GPU before the clock starts, and the logits are there when it
stops. The logits of a form are compared with those of eager before it is timed. All take turns in
one process. Ratios are taken within a round, and medians over the rounds. Compiling takes minutes;
`--forms` can leave it out.

`--device cpu` is a rehearsal: it runs what a CPU can, and its numbers say nothing about a GPU.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from bench.command_line import run_bench
from bench.speed.gpu_forms import (
    EAGER,
    FORMS,
    TOLERANCES,
    EveryInstance,
    Form,
    Inputs,
    compiled,
    greatest_difference,
    other_windows,
    runner,
    shapes_allowed,
    why_not_compiled,
)
from bench.speed.gpu_tables import (
    TYPES,
    Case,
    evaluate,
    format_ceilings,
    format_results,
    format_targets,
)
from bench.speed.recognition import MODELS, Candidate, ours, peers
from bench.speed.roofline import measure_ceilings, wait_for, work_of
from bharnet_ros.evaluation.tables import add_report_arguments, show
from bharnet_ros.network.bharnet import BHaRNet
from bharnet_ros.network.cost import seconds_in_turn
from bharnet_ros.recognition.bundle import load_bundle
from bharnet_ros.recognition.weights import load_network
from bharnet_ros.resources import find_model
from bharnet_ros.types.errors import InputError

WINDOWS = {"cuda": (1, 8, 64, 512), "cpu": (1, 8)}
BACK_TO_BACK = 32
"""Least number of windows that a GPU scores between two waits, to measure its throughput."""

_SIDE = {"cuda": 8192, "cpu": 512}
_COPIED = {"cuda": 2 << 30, "cpu": 1 << 28}


def networks(models: Sequence[str]) -> list[Candidate]:
    """Return ours, folded, and the peers once for each number of frames of ours.

    Raises:
        InputError: A model has streams beside the skeleton, which the peers lack; names it.
    """
    bundles = [load_bundle(find_model(name)) for name in models]
    for bundle in bundles:
        if bundle.description.streams:
            raise InputError(f"--models: {bundle.description.name} has streams beside the skeleton")
    networks = [ours(bundle.description, load_network(bundle))[1] for bundle in bundles]
    by_frames = {bundle.description.frames: bundle.description for bundle in bundles}
    return networks + [peer for one in by_frames.values() for peer in peers(one)]


def build_cases(
    one: Candidate, forms: Sequence[Form], windows: Sequence[int], device: torch.device
) -> tuple[list[Case], list[str]]:
    """Build a network in its forms, and compare the logits of each with those of eager.

    Returns:
        The cases to time, and a sentence for each one that cannot run or differs too much.
    """
    network = one.network.to(device)
    plain = EveryInstance(network) if isinstance(network, BHaRNet) else network
    work = work_of(plain, *_skeleton(one.windows(1)))
    made: dict[bool, nn.Module] = {False: plain}
    cases, reasons = [], []
    for count in windows:
        inputs = tuple(tensor.to(device) for tensor in _skeleton(one.windows(count)))
        batches = (inputs, other_windows(inputs))
        reference = runner(EAGER, network, inputs)
        for form in forms if plain is not network else [EAGER]:
            what = f"{one.name}, {form.name}, {count} windows"
            if form.compiled:
                made.setdefault(True, compiled(plain))
            try:
                whole = form.compiled or form.graphed
                module = made[form.compiled] if whole else network
                run = runner(form, module, inputs)
                difference = greatest_difference(reference, run, batches)
            except RuntimeError as error:  # out of memory, or it cannot be compiled or recorded
                reasons.append(f"not measured: {what}: {str(error).strip().splitlines()[0]}")
                continue
            if difference > TOLERANCES[form.dtype]:
                reasons.append(f"not measured: {what}: logits are {difference:.1%} off eager's")
                continue
            cases.append(Case(one.name, form, one.frames, count, inputs, run, work, difference))
    return cases, reasons


def _skeleton(inputs: Sequence[Any]) -> Inputs:
    """Return the tensors of an input, without the empty streams beside the skeleton."""
    return tuple(one for one in inputs if isinstance(one, Tensor))


def passes_back_to_back(windows: int, device: torch.device) -> int:
    """Return the number of batches between two waits for the device, to measure its throughput.

    A GPU computes a batch while the next one is launched; a CPU runs one after the other.
    """
    return max(1, BACK_TO_BACK // windows) if device.type == "cuda" else 1


def measure(
    cases: Sequence[Case], rounds: int, device: torch.device
) -> tuple[list[list[float]], list[list[float]]]:
    """Return the seconds of a batch in each round: alone, and with batches back to back."""

    def scoring(one: Case, passes: int) -> Callable[[], None]:
        def score() -> None:
            for _ in range(passes):
                one.run(*one.inputs)
            wait_for(device)

        return score

    passes = [passes_back_to_back(one.windows, device) for one in cases]
    many = [index for index, number in enumerate(passes) if number > 1]
    single = [scoring(one, 1) for one in cases]
    repeated = [scoring(cases[index], passes[index]) for index in many]
    taken = seconds_in_turn([*single, *repeated], rounds)
    alone, together = taken[: len(single)], list(taken[: len(single)])
    for index, seconds in zip(many, taken[len(single) :], strict=True):
        together[index] = [one / passes[index] for one in seconds]
    return alone, together


def usable_forms(forms: Sequence[Form], device: torch.device) -> tuple[list[Form], list[str]]:
    """Return the forms that can run here, and a sentence for each group that cannot."""
    usable, reasons = list(forms), []
    if device.type != "cuda":
        kept = [form for form in usable if not form.graphed]
        if len(kept) < len(usable):
            names = ", ".join(form.name for form in usable if form.graphed)
            reasons.append(f"not measured: {names}: CUDA graphs need a GPU")
        usable = kept
    if any(form.compiled for form in usable):
        why = why_not_compiled(device)
        if why:
            names = ", ".join(form.name for form in usable if form.compiled)
            reasons.append(f"not measured: {names}: {why}")
            usable = [form for form in usable if not form.compiled]
    return usable, reasons


def read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Parse the options; exit if they are wrong or this machine cannot run the bench."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--device", choices=sorted(WINDOWS), help="cpu: a rehearsal without a GPU")
    parser.add_argument("--models", nargs="+", default=MODELS, metavar="NAME")
    parser.add_argument(
        "--forms", nargs="+", default=[one.name for one in FORMS], choices=[o.name for o in FORMS]
    )
    parser.add_argument(
        "--windows", type=int, nargs="+", help="windows of a batch (default: 1 8 64 512; cpu: 1 8)"
    )
    parser.add_argument("--rounds", type=int, default=30, help="rounds (default: %(default)s)")
    parser.add_argument(
        "--quick", action="store_true", help="2 rounds of the smaller model, nothing compiled"
    )
    add_report_arguments(parser)
    options = parser.parse_args(arguments)
    if options.device != "cpu" and not torch.cuda.is_available():
        parser.error("there is no GPU, so nothing is measured; --device cpu is a rehearsal")
    options.device = torch.device(options.device or "cuda")
    options.windows = sorted(set(options.windows or WINDOWS[options.device.type]))
    options.forms = [form for form in FORMS if form.name in {EAGER.name, *options.forms}]
    if min(options.rounds, *options.windows) < 1:
        parser.error("--rounds and --windows must be positive")
    if options.quick:
        options.rounds, options.models = 2, options.models[-1:]
        options.forms = [form for form in options.forms if not form.compiled]
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables."""
    options = read_options(arguments)
    device, rounds = options.device, options.rounds
    torch.manual_seed(0)
    forms, reasons = usable_forms(options.forms, device)
    ceilings = measure_ceilings(
        *(device, list(TYPES)),
        side=_SIDE[device.type],
        copied=_COPIED[device.type],
        rounds=min(rounds, 10),
    )
    cases: list[Case] = []
    with shapes_allowed():
        for one in networks(options.models):
            built, not_built = build_cases(one, forms, options.windows, device)
            cases += built
            reasons += not_built
        results = evaluate(cases, *measure(cases, rounds, device), ceilings)
    where, targets = torch.cuda.get_device_name(device) if device.type == "cuda" else "", ""
    if where:
        where += f", CUDA {torch.version.cuda}"
        targets = format_targets(results, options.models)
    else:
        where = f"A REHEARSAL ON THE CPU, {torch.get_num_threads()} thread(s): no target is judged"
    parts = [f"{where}, {rounds} rounds", format_ceilings(ceilings)]
    parts += [format_results(results, options.windows), "\n".join(reasons), targets]
    content = {
        "device": where,
        "rehearsal": device.type != "cuda",
        "rounds": rounds,
        "ceilings": {
            "gflops": {TYPES[dtype]: flops / 1e9 for dtype, flops in ceilings.flops.items()},
            "gbytes": ceilings.bandwidth / 1e9,
        },
        "not_measured": reasons,
        "results": results,
    }
    show(options, "\n\n".join(part for part in parts if part), content)
    return 0


if __name__ == "__main__":
    run_bench(main)
