"""The GPU bench: counts of work, comparison of logits before timing, verdicts on the targets."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from bharnet_ros.network.build import build_network
from bharnet_ros.network.cost import count_macs
from bharnet_ros.network.folding import fold_for_inference
from research.network_cost import config_description, random_windows

CPU = torch.device("cpu")
FP32, BF16, FP16 = torch.float32, torch.bfloat16, torch.float16


def windows_of(count: int) -> tuple[Tensor, ...]:
    """Return random windows for the network of `base`, with every part visible."""
    *skeleton, _ = random_windows(config_description("base"), count)
    return tuple(skeleton)


@pytest.fixture(scope="module")
def trained() -> Any:
    torch.manual_seed(0)
    network = build_network(config_description("base").network_settings())
    for layer in network.modules():
        # The refinement is initialised with zeros.
        if hasattr(layer, "relation"):
            nn.init.normal_(layer.relation.weight, std=0.1)
    return network.eval()


@pytest.fixture(scope="module")
def base(trained: Any) -> Any:
    return fold_for_inference(trained)


def test_work_is_counted_layer_by_layer(bench: Any) -> None:
    roofline = bench("speed.roofline")
    parts = nn.Sequential(nn.Linear(4, 3), nn.Identity(), nn.ReLU(), nn.Linear(3, 2))
    work = roofline.work_of(parts, torch.zeros(1, 4))
    assert work == roofline.Work(macs=4 * 3 + 3 * 2, weights=4 * 3 + 3 + 3 * 2 + 2, values=18)
    assert work.flops(5) == 2 * 18 * 5
    assert work.bytes(5, FP32) == 4 * (23 + 18 * 5)
    assert work.bytes(5, BF16) == 4 * 23 + 2 * 18 * 5


def test_our_wrapped_network_has_the_work_of_the_plain_one(bench: Any, base: Any) -> None:
    work = bench("speed.roofline").work_of(
        bench("speed.gpu_forms").EveryInstance(base), *windows_of(1)
    )
    assert work.macs == count_macs(base, *windows_of(1))
    assert work.weights == sum(one.numel() for one in base.state_dict().values())
    # At least the input, and the output of the first layer of each expert.
    assert work.values > sum(tensor.numel() for tensor in windows_of(1))


def test_there_is_a_ceiling_for_each_type(bench: Any) -> None:
    found = bench("speed.roofline").measure_ceilings(CPU, [FP32, BF16], side=8, copied=64, rounds=2)
    assert list(found.flops) == [FP32, BF16]
    assert min(*found.flops.values(), found.bandwidth) > 0


def test_unseen_instances_do_not_change_the_logits(bench: Any, base: Any) -> None:
    forms = bench("speed.gpu_forms")
    every = forms.EveryInstance(base)
    seen = windows_of(3)
    without = forms.other_windows(seen)
    assert not without[3][0].any() and without[3][1:].all()
    # The values of a hand that was not seen are arbitrary.
    without[2][0] = 1e3
    for windows in (seen, without, tuple(one[:1] for one in without)):
        with torch.inference_mode():
            expected, found = base(*windows).ensemble, every(*windows)
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    with torch.inference_mode():
        assert not torch.allclose(every(*seen), every(*without))


def test_differences_are_shares_of_the_largest_logit(bench: Any) -> None:
    forms = bench("speed.gpu_forms")
    expected = torch.tensor([[1.0, -4.0], [2.0, 0.0]])
    assert forms.relative_difference(expected, expected) == 0
    found = expected.clone()
    found[1, 0] += 0.5
    assert forms.relative_difference(expected, found.bfloat16()) == pytest.approx(0.125)
    found[0, 0] = math.nan
    assert forms.relative_difference(expected, found) == math.inf
    assert forms.relative_difference(expected, expected[:1]) == math.inf
    # Correct for one batch only, as a graph with stale input would be.
    batches = [(torch.ones(1, 2),), (torch.zeros(1, 2) + 2.0,)]
    assert forms.greatest_difference(lambda x: x, lambda x: torch.ones(1, 2), batches) == 0.5


def test_each_form_that_a_cpu_can_run_gives_the_logits_of_eager(bench: Any, trained: Any) -> None:
    forms, gpu = bench("speed.gpu_forms"), bench("speed.gpu")
    candidate = gpu.ours(config_description("base"), trained)[1]
    chosen = [one for one in forms.FORMS if not one.graphed and not one.compiled]
    assert {one.dtype for one in chosen} == {FP32, BF16, FP16}
    cases, reasons = gpu.build_cases(candidate, chosen, [1, 2], CPU)
    assert not reasons
    assert [(one.form, one.windows) for one in cases] == [
        (form, count) for count in (1, 2) for form in chosen
    ]
    for one in cases:
        assert one.run(*one.inputs).shape == (one.windows, 9)
        assert (one.difference == 0) == (one.form == forms.EAGER)


def test_a_form_with_other_logits_is_not_timed(
    bench: Any, trained: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    forms, gpu = bench("speed.gpu_forms"), bench("speed.gpu")
    candidate = gpu.ours(config_description("base"), trained)[1]
    monkeypatch.setitem(forms.TOLERANCES, BF16, 1e-9)
    half = forms.Form("bf16", BF16)
    cases, reasons = gpu.build_cases(candidate, [forms.EAGER, half], [2], CPU)
    assert [one.form for one in cases] == [forms.EAGER]
    (reason,) = reasons
    assert reason.startswith("not measured: base, bf16, 2 windows: logits are 0.")


def test_a_form_that_fails_is_named_and_the_others_are_timed(bench: Any, trained: Any) -> None:
    forms, gpu = bench("speed.gpu_forms"), bench("speed.gpu")
    if torch.cuda.is_available():
        pytest.skip("with a GPU, a graph can be recorded")
    candidate = gpu.ours(config_description("base"), trained)[1]
    graph = forms.Form("graph", graphed=True)
    cases, reasons = gpu.build_cases(candidate, [graph, forms.EAGER], [1], CPU)
    assert [one.form for one in cases] == [forms.EAGER]
    assert reasons[0].startswith("not measured: base, graph, 1 windows: ")
    usable, reasons = gpu.usable_forms([forms.EAGER, graph], CPU)
    assert usable == [forms.EAGER]
    assert reasons == ["not measured: graph: CUDA graphs need a GPU"]


def example_cases(bench: Any) -> list[Any]:
    """Return CTR-GCN, eager, and ours as a graph, for 1 window and for 8."""
    tables, forms, roofline = (
        bench("speed.gpu_tables"),
        bench("speed.gpu_forms"),
        bench("speed.roofline"),
    )
    graph = forms.Form("graph-bf16", BF16, graphed=True)
    work = roofline.Work(macs=500, weights=100, values=1000)
    return [
        tables.Case(name, form, 24, count, (), lambda: torch.zeros(1), work, 0.0)
        for name, form in (("CTR-GCN", forms.EAGER), ("gestures", graph))
        for count in (1, 8)
    ]


def test_ratios_are_taken_within_a_round(bench: Any) -> None:
    tables, roofline = bench("speed.gpu_tables"), bench("speed.roofline")
    # Everything was slower in the second round.
    alone = [[2.0, 20.0], [8.0, 80.0], [0.1, 1.0], [0.2, 2.0]]
    together = [*alone[:2], [0.05, 0.05], [0.1, 0.1]]
    ceilings = roofline.Ceilings({FP32: 1e6, BF16: 2e6}, bandwidth=1e6)
    results = tables.evaluate(example_cases(bench), alone, together, ceilings)
    assert [one["times_peer"] for one in results] == pytest.approx([1, 1, 20, 40])
    assert [one["times_fewest"] for one in results] == pytest.approx([1, 4, 1, 2])
    ours = results[3]
    assert ours["windows_per_s"] == pytest.approx(80)
    assert ours["gflops"] == pytest.approx(2 * 500 * 8 / 0.1 / 1e9)
    assert ours["flops_share"] == pytest.approx(0.04)
    assert ours["bytes_share"] == pytest.approx((4 * 100 + 2 * 1000 * 8) / 0.1 / 1e6)
    table = tables.format_results(results, [1, 8])
    assert "gestures  graph-bf16  24     20.00      40.00" in table


def test_targets_apply_to_the_form_that_is_fastest_for_one_window(bench: Any) -> None:
    tables = bench("speed.gpu_tables")
    rows = [
        {"name": name, "form": form, "windows": windows, "times_peer": peer, "times_fewest": cost}
        for name, form, windows, peer, cost in (
            ("gestures", "eager", 1, 2.0, 1.0),
            ("gestures", "eager", 8, 4.0, 1.1),
            ("gestures", "graph", 1, 10.0, 1.0),
            ("gestures", "graph", 8, 50.0, 1.25),
            ("gestures_light", "graph", 1, 9.9, 1.0),
            ("gestures_light", "graph", 8, 9.9, 1.2),
            ("CTR-GCN", "eager", 1, 1.0, 1.0),
        )
    ]
    assert tables.format_targets(rows, ["gestures", "gestures_light"]).splitlines() == [
        "gestures, graph: 10.0 times as fast as CTR-GCN eager for 1 window (at least 10: reached)",
        "gestures, graph: 8 people cost 1.25 times what one does (at most 1.2: missed)",
        "gestures_light, graph: 9.9 times as fast as CTR-GCN eager for 1 window "
        "(at least 10: missed)",
        "gestures_light, graph: 8 people cost 1.20 times what one does (at most 1.2: reached)",
    ]
    without_peer = [{**one, "times_peer": None} for one in rows]
    assert tables.format_targets(without_peer, ["gestures"]) == ""


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a GPU")
def test_without_a_gpu_only_a_rehearsal_is_allowed(
    bench: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in ([], ["--device", "cuda"]):
        with pytest.raises(SystemExit):
            bench("speed.gpu").main(words)
        assert "there is no GPU, so nothing is measured" in capsys.readouterr().err


def test_models_with_streams_are_refused_by_name(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpu = bench("speed.gpu")
    bundle = gpu.load_bundle(gpu.find_model("gestures_light"))
    description = replace(bundle.description, name="with_sound", streams={"sound": {}})
    monkeypatch.setattr(gpu, "load_bundle", lambda _: replace(bundle, description=description))
    with pytest.raises(ValueError, match="--models: with_sound has streams beside the skeleton"):
        gpu.networks(["gestures_light"])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_a_graph_computes_each_new_input(bench: Any, trained: Any) -> None:
    forms = bench("speed.gpu_forms")
    device = torch.device("cuda")
    network = fold_for_inference(trained).to(device)
    windows = tuple(tensor.to(device) for tensor in windows_of(2))
    batches = (windows, forms.other_windows(windows), windows)
    reference = forms.runner(forms.EAGER, network, windows)
    for form in forms.FORMS:
        if form.graphed and not form.compiled:
            graph = forms.runner(form, forms.EveryInstance(network), windows)
            difference = forms.greatest_difference(reference, graph, batches)
            assert difference <= forms.TOLERANCES[form.dtype], form.name
