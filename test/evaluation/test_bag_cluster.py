"""Replay on a Dask cluster with real workers, some of which die."""

from __future__ import annotations

import argparse
import json
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from distributed import LocalCluster

from bharnet_ros import cli
from bharnet_ros.evaluation import bag_cluster, bags
from bharnet_ros.evaluation.bag_cluster import replay_on_cluster
from bharnet_ros.evaluation.bag_jobs import BagTask

pytestmark = pytest.mark.slow

# Preloaded by every worker: a recording named "deadly" ends the process.
CRASH = """
import os
from bharnet_ros.evaluation import bag_jobs

def bag_timeline(task, usual=bag_jobs.bag_timeline, **named):
    if task.name == "deadly":
        os._exit(9)
    return usual(task, **named)

bag_jobs.bag_timeline = bag_timeline
"""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Return the address of a cluster with one worker process, which restarts after a crash."""
    with LocalCluster(
        n_workers=1,
        threads_per_worker=2,
        processes=True,
        host="127.0.0.1",
        dashboard_address=":0",
        preload=[CRASH],
    ) as cluster:
        yield cluster.scheduler_address


@pytest.fixture
def make(tmp_path, messages, write_bag):
    """Return a function that writes a recording of one wave, and its truth to `tmp_path`."""

    def call(name: str) -> Path:
        (tmp_path / f"{name}.csv").write_text("track,label,start,end\nbody_1,wave,1,3\n")
        return write_bag(tmp_path / name, messages.waving([(1.0, 3.0)], until=5.0))

    return call


def tasks(*words: str | Path) -> list[BagTask]:
    """Return the recordings that these arguments ask to replay."""
    parser = argparse.ArgumentParser()
    bags.add_arguments(parser)
    return bags.tasks_from(parser.parse_args([str(word) for word in words]))


def test_a_cluster_gives_the_same_report_and_output(make, tmp_path, address, capsys):
    broken = tmp_path / "broken.mcap"
    broken.write_bytes(b"no bag")
    (tmp_path / "broken.csv").write_text("track,label,start,end\n")
    report = tmp_path / "report"
    words = ["evaluate", "bag", make("first"), broken, make("second"), "--truth", tmp_path]
    given = [str(word) for word in (*words, "--json", "--report", report)]
    outputs = []
    for where in ([], ["--cluster", address]):
        assert cli.main([*given, *where]) == bags.SOME_BROKEN
        files = {file.name: file.read_bytes() for file in report.iterdir()}
        outputs.append((files, capsys.readouterr().out))
    assert outputs[0] == outputs[1]
    assert list(json.loads(outputs[0][1])["broken_bags"]) == [str(broken)]
    assert [one["name"] for one in json.loads(outputs[0][0]["report.json"])["recordings"]] == [
        "first",
        "second",
    ]


def test_a_dying_worker_breaks_only_its_own_bag(make, tmp_path, address):
    todo = tasks(make("first"), make("deadly"), make("second"), "--truth", tmp_path)
    results = replay_on_cluster(todo, address, progress=False)
    assert [result.timeline is not None for result in results] == [True, False, True]
    assert results[1].problem == f"{todo[1].bag}: the worker that replayed it died"


def test_relative_paths_start_from_the_folder_of_the_command(make, tmp_path, address, monkeypatch):
    make("bag")
    monkeypatch.chdir(tmp_path)
    (result,) = replay_on_cluster(tasks("bag", "--truth", "bag.csv"), address, progress=False)
    assert result.problem == ""


def test_a_model_in_an_unknown_home_folder_is_reported(make, tmp_path, address):
    given = ("--truth", tmp_path, "--model", "~nobody-of-this-name/model")
    (result,) = replay_on_cluster(tasks(make("bag"), *given), address, progress=False)
    assert "the home folder is unknown" in result.problem


def test_a_cluster_without_workers_is_reported(make, tmp_path, monkeypatch):
    monkeypatch.setattr(bag_cluster, "NO_WORKER_SECONDS", 0.0)
    todo = tasks(make("bag"), "--truth", tmp_path)
    with LocalCluster(n_workers=0, host="127.0.0.1", dashboard_address=":0") as cluster:
        (result,) = replay_on_cluster(todo, cluster.scheduler_address, progress=False)
    assert result.problem == (
        f"{todo[0].bag}: the cluster {cluster.scheduler_address} has no worker"
    )


@pytest.mark.parametrize("silent", [True, False], ids=["silent", "closed"])
def test_a_scheduler_that_does_not_answer_is_reported(monkeypatch, capsys, silent):
    monkeypatch.setattr(bag_cluster, "CONNECT_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        if not silent:
            server.close()
        given = ["evaluate", "bag", "bag", "--truth", "topic:/truth", "--cluster", address]
        assert cli.main(given) == cli.BAD_INPUT
    error = capsys.readouterr().err
    assert f"--cluster: no Dask scheduler answers at {address}" in error
    assert len(error.splitlines()) == 1


def test_an_invalid_address_is_refused():
    with pytest.raises(ValueError, match=r"--cluster: 'pigeon://roof:1' is not an address"):
        replay_on_cluster([], "pigeon://roof:1")


def test_without_dask_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ValueError, match=r"pip install 'bharnet_ros\[cluster\]'"):
        replay_on_cluster([], "tcp://127.0.0.1:8786")


def test_workers_and_a_cluster_exclude_each_other(capsys):
    with pytest.raises(SystemExit):
        tasks("bag", "--truth", "a.csv", "--workers", "2", "--cluster", "tcp://127.0.0.1:8786")
    assert "--cluster: not allowed with argument --workers" in capsys.readouterr().err
