"""Recordings replayed by a Dask cluster: real workers, that die too."""

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

# What every worker runs before it takes work.
DEADLY = """
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
    """Return the address of a cluster with one worker process, which is started again."""
    with LocalCluster(
        n_workers=1,
        threads_per_worker=2,
        processes=True,
        host="127.0.0.1",
        dashboard_address=":0",
        preload=[DEADLY],
    ) as cluster:
        yield cluster.scheduler_address


@pytest.fixture
def make(tmp_path, messages, write_bag):
    """Return a function that writes a recording of one wave; `tmp_path` has its truth."""

    def call(name: str) -> Path:
        (tmp_path / f"{name}.csv").write_text("track,label,start,end\nbody_1,wave,1,3\n")
        return write_bag(tmp_path / name, messages.waving([(1.0, 3.0)], until=5.0))

    return call


def tasks(*words: str | Path) -> list[BagTask]:
    parser = argparse.ArgumentParser()
    bags.add_arguments(parser)
    return bags.tasks_from(parser.parse_args([str(word) for word in words]))


def test_a_cluster_makes_the_same_report_and_prints_the_same(make, tmp_path, address, capsys):
    broken = tmp_path / "broken.mcap"
    broken.write_bytes(b"no bag")
    (tmp_path / "broken.csv").write_text("track,label,start,end\n")
    report = tmp_path / "report"
    words = ["evaluate", "bag", make("first"), broken, make("second"), "--truth", tmp_path]
    given = [str(word) for word in (*words, "--json", "--report", report)]
    made = []
    for where in ([], ["--cluster", address]):
        assert cli.main([*given, *where]) == bags.SOME_BROKEN
        files = {file.name: file.read_bytes() for file in report.iterdir()}
        made.append((files, capsys.readouterr().out))
    assert made[0] == made[1]
    assert list(json.loads(made[0][1])["broken_bags"]) == [str(broken)]
    assert [one["name"] for one in json.loads(made[0][0]["report.json"])["recordings"]] == [
        "first",
        "second",
    ]


def test_a_worker_that_dies_harms_no_other_bag(make, tmp_path, address):
    todo = tasks(make("first"), make("deadly"), make("second"), "--truth", tmp_path)
    results = replay_on_cluster(todo, address, progress=False)
    assert [result.timeline is not None for result in results] == [True, False, True]
    assert results[1].problem == f"{todo[1].bag}: the worker that replayed it died"


def test_paths_count_from_where_the_command_was_given(make, tmp_path, address, monkeypatch):
    make("bag")
    monkeypatch.chdir(tmp_path)
    (result,) = replay_on_cluster(tasks("bag", "--truth", "bag.csv"), address, progress=False)
    assert result.problem == ""


def test_a_cluster_without_workers_is_named(make, tmp_path, monkeypatch):
    monkeypatch.setattr(bag_cluster, "NO_WORKER_SECONDS", 0.0)
    todo = tasks(make("bag"), "--truth", tmp_path)
    with LocalCluster(n_workers=0, host="127.0.0.1", dashboard_address=":0") as cluster:
        (result,) = replay_on_cluster(todo, cluster.scheduler_address, progress=False)
    assert result.problem == (
        f"{todo[0].bag}: the cluster {cluster.scheduler_address} has no worker"
    )


@pytest.mark.parametrize("silent", [True, False], ids=["silent", "closed"])
def test_a_scheduler_that_does_not_answer_is_named(monkeypatch, capsys, silent):
    monkeypatch.setattr(bag_cluster, "CONNECT_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        if not silent:
            server.close()
        given = ["evaluate", "bag", "bag", "--truth", "topic:/truth", "--cluster", address]
        assert cli.main(given) == cli.BAD_INPUT
    error = capsys.readouterr().err
    assert f"--cluster: no scheduler of Dask answers at {address}" in error
    assert len(error.splitlines()) == 1


def test_what_is_no_address_is_refused():
    with pytest.raises(ValueError, match=r"--cluster: 'pigeon://roof:1' is no address"):
        replay_on_cluster([], "pigeon://roof:1")


def test_without_dask_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ValueError, match=r"pip install 'bharnet_ros\[cluster\]'"):
        replay_on_cluster([], "tcp://127.0.0.1:8786")


def test_processes_and_a_cluster_do_not_go_together(capsys):
    with pytest.raises(SystemExit):
        tasks("bag", "--truth", "a.csv", "--workers", "2", "--cluster", "tcp://127.0.0.1:8786")
    assert "--cluster: not allowed with argument --workers" in capsys.readouterr().err
