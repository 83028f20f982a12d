"""Tables of the GPU bench, and its results beside the targets."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from bench.measuring import percentiles
from bench.speed.gpu_forms import EAGER, Form, Inputs, Runner
from bench.speed.recognition import PEER, median_ratio
from bench.speed.roofline import Ceilings, Work
from bharnet_ros.evaluation.tables import format_table

AT_LEAST = 10.0
"""Target: how many times as fast as CTR-GCN eager a network should be for one window."""

AT_MOST = 1.2
"""Target: the cost of eight people over that of one."""

TYPES = {torch.float32: "fp32", torch.bfloat16: "bf16", torch.float16: "fp16"}


@dataclass(frozen=True, eq=False)
class Case:
    """A network in one form, for one size of batch.

    Attributes:
        name: Name of the network.
        form: Form in which it runs.
        frames: Frames T.
        windows: Windows of the batch.
        inputs: The batch, on the device.
        run: Scores the batch.
        work: Work of the network.
        difference: Difference of its logits from eager; see `gpu_forms.relative_difference`.
    """

    name: str
    form: Form
    frames: int
    windows: int
    inputs: Inputs
    run: Runner
    work: Work
    difference: float


def evaluate(
    cases: Sequence[Case],
    alone: Sequence[Sequence[float]],
    together: Sequence[Sequence[float]],
    ceilings: Ceilings,
) -> list[dict[str, Any]]:
    """Return the row of each case in the tables; None if there is nothing to compare with."""
    places = {(one.name, one.form, one.frames, one.windows): i for i, one in enumerate(cases)}
    fewest = min(one.windows for one in cases)
    results = []
    for index, one in enumerate(cases):
        peer = places.get((PEER, EAGER, one.frames, one.windows))
        first = places.get((one.name, one.form, one.frames, fewest))
        seconds = statistics.median(together[index])
        flops = one.work.flops(one.windows) / seconds
        moved = one.work.bytes(one.windows, one.form.dtype) / seconds
        results.append(
            {
                "name": one.name,
                "form": one.form.name,
                "frames": one.frames,
                "windows": one.windows,
                "ms": 1e3 * statistics.median(alone[index]),
                "ms_p95": 1e3 * percentiles(alone[index])[1],
                "windows_per_s": one.windows / seconds,
                "times_peer": None if peer is None else median_ratio(alone[peer], alone[index]),
                "times_fewest": None if first is None else median_ratio(alone[index], alone[first]),
                "gflops": flops / 1e9,
                "flops_share": flops / ceilings.flops[one.form.dtype],
                "gbytes": moved / 1e9,
                "bytes_share": moved / ceilings.bandwidth,
                "apart": one.difference,
            }
        )
    return results


def format_results(results: Sequence[dict[str, Any]], windows: Sequence[int]) -> str:
    """Return one table per measure."""
    columns = [f"{count} windows" if count > 1 else "1 window" for count in windows]
    rows = {(one["name"], one["form"], one["frames"], one["windows"]): one for one in results}
    lines: list[str] = []
    for title, field, layout in (
        ("ms from asking to logits (median)", "ms", "{:.3f}"),
        ("ms from asking to logits (95th percentile)", "ms_p95", "{:.3f}"),
        ("windows/s, batches back to back", "windows_per_s", "{:.0f}"),
        (f"times as fast as {PEER} eager, from asking to logits", "times_peer", "{:.2f}"),
        (f"cost over that of {columns[0]}, from asking to logits", "times_fewest", "{:.2f}"),
        ("GFLOP/s, batches back to back", "gflops", "{:.1f}"),
        ("share of the ceiling of its type", "flops_share", "{:.2%}"),
        ("GB/s, batches back to back (estimate)", "gbytes", "{:.1f}"),
        ("share of the copy's", "bytes_share", "{:.2%}"),
        ("greatest difference to eager", "apart", "{:.0e}"),
    ):
        cells = []
        for name, form, frames in dict.fromkeys(key[:3] for key in rows):
            found = [rows.get((name, form, frames, count), {}).get(field) for count in windows]
            shown = ["-" if value is None else layout.format(value) for value in found]
            cells.append([name, form, str(frames), *shown])
        lines += [title, format_table(["network", "form", "T", *columns], cells), ""]
    return "\n".join(lines).rstrip()


def format_targets(results: Sequence[dict[str, Any]], models: Sequence[str]) -> str:
    """Return the targets beside the results of our networks in the form fastest for one window."""
    lines = []
    for name in models:
        own = [one for one in results if one["name"] == name and one["times_peer"] is not None]
        alone = [one for one in own if one["windows"] == 1]
        if not alone:
            continue
        best = max(alone, key=lambda one: float(one["times_peer"]))
        ratio = best["times_peer"]
        lines.append(
            f"{name}, {best['form']}: {ratio:.1f} times as fast as {PEER} eager for 1 window "
            f"(at least {AT_LEAST:g}: {'reached' if ratio >= AT_LEAST else 'missed'})"
        )
        for one in own:
            if one["form"] == best["form"] and one["windows"] == 8:
                cost = one["times_fewest"]
                lines.append(
                    f"{name}, {best['form']}: 8 people cost {cost:.2f} times what one does "
                    f"(at most {AT_MOST:g}: {'reached' if cost <= AT_MOST else 'missed'})"
                )
    return "\n".join(lines)


def format_ceilings(ceilings: Ceilings) -> str:
    """Return the table of measured ceilings."""
    rows = [
        [f"product of matrices, {TYPES[dtype]}", f"{flops / 1e9:.0f} GFLOP/s"]
        for dtype, flops in ceilings.flops.items()
    ]
    rows.append(["copy, read and written", f"{ceilings.bandwidth / 1e9:.0f} GB/s"])
    return format_table(["measured ceiling", ""], rows)
