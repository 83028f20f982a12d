"""The runner of the benches: the page that it writes, and the processes that benches start."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bharnet_ros.types.errors import InputError

CHECKOUT = Path(__file__).resolve().parents[2]
PAGE = """# Speed

<!-- bench: one -->
old
<!-- end: one -->
between
<!-- bench: two -->
<!-- end: two -->
"""
SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


def test_only_the_text_between_the_markers_is_replaced(bench: Any) -> None:
    page = bench("run_all").with_printed(PAGE, "one", "a  1\nb  2\n")
    assert page == PAGE.replace("old\n", "```text\na  1\nb  2\n```\n")
    assert bench("run_all").with_printed(page, "one", "old") == PAGE.replace(
        "old\n", "```text\nold\n```\n"
    )


@pytest.mark.parametrize(
    "page",
    [
        "",
        PAGE.replace("<!-- end: one -->", ""),
        PAGE.replace("<!-- bench: one -->", "<!-- end: one -->", 1),
        PAGE + PAGE,
    ],
)
def test_a_page_without_exactly_one_pair_of_markers_is_refused(bench: Any, page: str) -> None:
    with pytest.raises(ValueError, match="bench: one"):
        bench("run_all").with_printed(page, "one", "new")


@pytest.mark.parametrize("content", [PAGE.encode(), b"\xff"])
def test_an_unusable_page_is_refused_by_name(bench: Any, tmp_path: Path, content: bytes) -> None:
    page = tmp_path / "page.md"
    page.write_bytes(content)
    with pytest.raises(InputError, match=rf"^{page}: "):
        bench("run_all").write(page, "three", "new")
    assert page.read_bytes() == content


def test_the_page_has_a_place_for_every_bench(bench: Any) -> None:
    run_all = bench("run_all")
    page = run_all.PAGE.read_text(encoding="utf-8")
    names = [each.name for each in run_all.BENCHES if each.on_page]
    assert len(names) == len(set(names))
    for name in (run_all.MACHINE, *names):
        assert f"printed by {name}" in run_all.with_printed(page, name, f"printed by {name}")


def test_without_a_gpu_the_gpu_bench_is_skipped_and_its_table_stays(
    bench: Any, tmp_path: Path
) -> None:
    run_all = bench("run_all")
    page = tmp_path / "page.md"
    measured = run_all.with_printed(run_all.PAGE.read_text(encoding="utf-8"), "gpu", "a table")
    page.write_text(measured, encoding="utf-8")
    words = [sys.executable, "-m", "bench.run_all", "--only", "gpu", "--page", page]
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    found = subprocess.run(
        words, env=environment, capture_output=True, text=True, check=True, cwd=CHECKOUT
    )
    assert found.stdout.endswith("== bench/speed/gpu.py\nnot measured: no GPU\n")
    assert "a table" in page.read_text(encoding="utf-8")


def test_without_a_gpu_the_quick_gpu_bench_is_a_rehearsal(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_all = bench("run_all")
    (gpu,) = (one for one in run_all.BENCHES if one.needs_gpu)
    options = argparse.Namespace(quick=True, rounds=None, data=None)
    for has_gpu, added in ((True, []), (False, ["--device", "cpu"])):
        monkeypatch.setattr(run_all, "has_gpu", lambda has_gpu=has_gpu: has_gpu)
        assert run_all.command(gpu, options)[4:] == ["--quick", *added]


def test_a_process_that_ends_is_named_with_its_last_lines(bench: Any) -> None:
    chain_process = bench("speed.chain_process")
    fails = [sys.executable, "-c", "import sys; sys.exit('no camera here')"]
    chain = chain_process.ChainProcesses({"waits": SLEEP, "fails": fails})
    try:
        with pytest.raises(RuntimeError, match=r"(?s)fails ended with status 1.*no camera here"):
            chain_process.wait_for(lambda: False, "nothing", chain)
    finally:
        chain.close()
    for pid in chain.pids.values():
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_processes_get_their_own_domain_and_the_environment_is_restored(bench: Any) -> None:
    chain_process = bench("speed.chain_process")
    before = dict(os.environ)
    with chain_process.ros_environment():
        first = os.environ["ROS_DOMAIN_ID"]
        assert os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "LOCALHOST"
        with chain_process.ros_environment():
            assert os.environ["ROS_DOMAIN_ID"] != first
    assert dict(os.environ) == before
