"""Runs the page: its node, its web server and, if asked, the chain."""

from __future__ import annotations

import hashlib
import os
import sys
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace

from rclpy.parameter import Parameter

from bharnet_ros.nodes.options import ChainOptions
from bharnet_ros.nodes.page.chain_process import ChainProcess
from bharnet_ros.nodes.page.node import (
    DEFAULT_PORT,
    OWN_NAMESPACE,
    PageNode,
    namespace_arguments,
)
from bharnet_ros.nodes.page.server import PageServer
from bharnet_ros.nodes.page.views import build_page
from bharnet_ros.nodes.runtime.spin import NodeRunner, ros, run_node, stop_signals
from bharnet_ros.resources import find_resource

PROFILES = "FASTRTPS_DEFAULT_PROFILES_FILE"
BAD_INPUT = 2
"""Exit status of a chain whose source or parameters cannot be used."""


def run_page(
    chain: ChainOptions | None,
    *,
    namespace: str | None = None,
    port: int | None = None,
    listen: bool = False,
    ros_arguments: Sequence[str] = (),
) -> int:
    """Serve the page until SIGINT or SIGTERM.

    Args:
        chain: The chain to start; None to attach to one that runs.
        namespace: Namespace of the chain; None for that of ROS.
        port: TCP port; None for the default.
        listen: Whether other machines may use the page.
        ros_arguments: Passed on to ROS.

    Returns:
        Exit status: 0, or that of the chain.

    Raises:
        InputError: The port or a ROS argument cannot be used.
    """
    if (
        namespace is None
        and chain is not None
        and not any("__ns:=" in one for one in ros_arguments)
    ):
        by_parameter = any("port:=" in one for one in ros_arguments)
        namespace = own_namespace(0 if by_parameter else DEFAULT_PORT if port is None else port)
    arguments = [*(ros_arguments or ["--ros-args"]), *namespace_arguments(namespace)]
    images = None if chain is None else chain.image_topic
    own = list(arguments)
    if images is not None:
        name = "image_raw/compressed" if images.endswith("/compressed") else "image_raw"
        own += ["-r", f"{name}:={images}"]
    # As the launch file does: an image does not fit the shared memory that Fast DDS has by default.
    os.environ.setdefault(PROFILES, str(find_resource("config/fastdds.xml")))
    overrides = [Parameter("listen", value=True)] if listen else []
    overrides += [] if port is None else [Parameter("port", value=port)]
    with stop_signals() as stop, ros(own), NodeRunner() as runner:
        node = PageNode(parameter_overrides=overrides)
        runner.add(node)
        server = _serve(node, started=chain is not None)
        process = None

        def on_end(status: int, reason: str) -> None:
            node.notice = reason
            if status == BAD_INPUT:
                stop.set()

        if chain is not None:
            process = ChainProcess(replace(chain, ros_arguments=arguments), on_end)
        try:
            stop.wait()
        finally:
            status = process.close() if process is not None else 0
            server.close()
    return status


def own_namespace(port: int) -> str:
    """Return a namespace for the chain of a page, so that two pages on one network do not mix.

    A page that is started again gets the same one: its publisher then finds the journal of open
    events of the one before.

    Args:
        port: The port of the page, which no other page on this machine has; 0 if it is not known.
    """
    place = f"{uuid.getnode()}:{port}" if port else uuid.uuid4().hex
    return f"{OWN_NAMESPACE}{hashlib.sha256(place.encode()).hexdigest()[:8]}"


def _serve(node: PageNode, *, started: bool) -> PageServer:
    server = PageServer(
        node.images,
        build_page(node, started=started),
        node.settings["port"],
        node.settings["listen"],
    )
    server.start()
    print(f"bharnet page: {server.url}", file=sys.stderr, flush=True)
    return server


def run_page_node(arguments: Sequence[str] | None = None) -> int:
    """Run the node as a process."""
    servers: list[PageServer] = []

    def start(node: PageNode, _end: Callable[[], None]) -> None:
        servers.append(_serve(node, started=False))

    try:
        return run_node(PageNode, arguments, start=start)
    finally:
        for server in servers:
            server.close()
