"""Measure how long each node of the chain takes to end after SIGINT and SIGTERM.

    python -m bench.speed.stopping [--rounds 5] [--json] [--out FILE]

The nodes are processes of their own, active, without images.
"""

from __future__ import annotations

import argparse
import signal
from collections.abc import Sequence

import numpy as np

from bench.command_line import run_bench
from bench.speed.chain_process import APART, NODES, ros_environment, running_chain
from bharnet_ros.evaluation.tables import add_report_arguments, format_table, show
from bharnet_ros.types.errors import InputError

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def measure(rounds: int) -> dict[str, dict[str, list[float]]]:
    """Return the seconds that each node took to end, by the name of the signal and of the node."""
    import rclpy

    from bharnet_ros.nodes.runtime.spin import NodeRunner, ros

    seconds: dict[str, dict[str, list[float]]] = {
        number.name: {name: [] for name in NODES} for number in SIGNALS
    }
    with ros_environment(), ros([]), NodeRunner() as runner:
        node = rclpy.create_node("stopping")
        runner.add(node)
        for _ in range(rounds):
            for number in SIGNALS:
                with running_chain(APART, node, 1) as chain:
                    # The start of the chain first: one that ends alone is no fault to the others.
                    for name in reversed(NODES):
                        seconds[number.name][name].append(chain.stop(name, number))
    return seconds


def main(words: Sequence[str] | None = None) -> int:
    """Measure and print; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="how often each node is ended")
    add_report_arguments(parser)
    arguments = parser.parse_args(words)
    if arguments.rounds < 1:
        raise InputError(f"--rounds: must be positive, got {arguments.rounds}")
    seconds = measure(arguments.rounds)
    rows = [
        [f"{name}, {number}", f"{np.median(taken):.2f}", f"{max(taken):.2f}"]
        for number, nodes in seconds.items()
        for name, taken in nodes.items()
    ]
    show(arguments, format_table(["node, signal", "median s", "longest s"], rows), seconds)
    return 0


if __name__ == "__main__":
    run_bench(main)
