"""Names in the ROS arguments of a process that are none of a node or of its parameters."""

from __future__ import annotations

from collections.abc import Sequence

from rclpy.node import Node

from bharnet_ros.types.errors import InputError
from bharnet_ros.types.parameter_files import (
    default_parameters,
    misspelt_names,
    sections_of_arguments,
    unknown_names,
)


def names_of(node: Node) -> list[str]:
    """Return the names of the parameters of a node."""
    return list(node.list_parameters([], 0).names)


def unknown_to_chain(arguments: Sequence[str], nodes: Sequence[Node]) -> list[str]:
    """Return a line for each name that is unknown to the nodes of a chain.

    The other nodes of the package count as known, so that one file may serve for all.

    Raises:
        InputError: A single node has no parameter of a name that is given for it; names both.
        OSError: A file cannot be read.
    """
    space = nodes[0].get_namespace().rstrip("/")
    known = {f"{space}/{name}": list(values) for name, values in default_parameters().items()}
    known |= {node.get_fully_qualified_name(): names_of(node) for node in nodes}
    lines = []
    for source, sections in sections_of_arguments(arguments):
        try:
            found = unknown_names(sections, known, anywhere=False)
        except InputError as error:
            raise InputError(f"{source}: {error}") from None
        lines += [f"{source}: {line}" for line in found]
    return lines


def warn_of_misspelt(arguments: Sequence[str], node: Node) -> None:
    """Log each name that seems to be meant for a node, and is not its own."""
    for source, sections in sections_of_arguments(arguments):
        for line in misspelt_names(sections, node.get_fully_qualified_name(), names_of(node)):
            node.get_logger().warning(f"{source}: {line}")
