"""What runs the benches: the page that they write, and the processes that they start."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

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


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Return a function from the name of a script of bench/ to its module."""
    # Scripts import others of their folder.
    monkeypatch.syspath_prepend(str(CHECKOUT / "bench"))
    return importlib.import_module


def test_only_what_stands_between_the_markers_is_replaced(bench: Any) -> None:
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
def test_a_page_without_one_pair_of_markers_is_refused(bench: Any, page: str) -> None:
    with pytest.raises(ValueError, match="bench: one"):
        bench("run_all").with_printed(page, "one", "new")


def test_the_page_has_a_place_for_every_bench(bench: Any) -> None:
    run_all = bench("run_all")
    page = run_all.PAGE.read_text(encoding="utf-8")
    names = [each.name for each in run_all.BENCHES if each.on_page]
    assert len(names) == len(set(names))
    for name in (run_all.MACHINE, *names):
        assert f"printed by {name}" in run_all.with_printed(page, name, f"printed by {name}")


def test_a_process_that_ends_is_named_with_its_last_lines(bench: Any) -> None:
    chain_process = bench("chain_process")
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


def test_processes_get_a_domain_of_their_own_and_the_environment_is_put_back(bench: Any) -> None:
    chain_process = bench("chain_process")
    before = dict(os.environ)
    with chain_process.ros_environment():
        first = os.environ["ROS_DOMAIN_ID"]
        assert os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "LOCALHOST"
        with chain_process.ros_environment():
            assert os.environ["ROS_DOMAIN_ID"] != first
    assert dict(os.environ) == before
