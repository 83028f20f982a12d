"""Files with the parameters of ROS nodes, read by the rules of rcl without ROS.

Source: rcl_yaml_param_parser (`parse.c`) and rclpy (`node.cpp`) of ROS 2 Jazzy.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from bharnet_ros.resources import find_resource
from bharnet_ros.types.errors import InputError

DEFAULTS = "config/recognize.yaml"
"""The file of the package with every parameter of every node."""

_KEY = "ros__parameters"
_TRUE = {"Y", "y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"}
_FALSE = {"N", "n", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"}
_INTEGER = re.compile(r"\s*([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)")
_STRING_TAG = "tag:yaml.org,2002:str"
_OF_ROS = re.compile(r"use_sim_time|qos_overrides\..*|start_type_description_service")
_Pairs = list[tuple[str, Any]]


@dataclass(frozen=True)
class Section:
    """Parameters for the nodes whose name fits a pattern.

    Attributes:
        nodes: The pattern: a name with its namespace, in which `/*` stands for one level and `/**`
            for any number of them.
        values: Values by name of the parameter; an empty list is None.
    """

    nodes: str
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def last(self) -> str:
        """The last part of the pattern, which is the name of a node if it has no asterisk."""
        return self.nodes.rpartition("/")[2]

    @property
    def namespace(self) -> str | None:
        """The namespace that the pattern names; None if it has an asterisk."""
        return None if "*" in self.nodes else self.nodes.rpartition("/")[0]

    def fits(self, node: str) -> bool:
        """Return whether the parameters are for a node, named with its namespace."""
        return re.fullmatch(self.nodes.replace("/*", r"(/\w+)"), node) is not None

    def may_fit(self, name: str) -> bool:
        """Return whether the parameters are for a node of this name in some namespace."""
        return self.last in (name, "*", "**")


def read_parameter_file(path: Path) -> tuple[Section, ...]:
    """Return the sections of a file, in the order in which they count: the last one wins.

    Raises:
        InputError: It is not a file of parameters; names it.
        OSError: It cannot be read.
    """
    raw = path.read_bytes()
    try:
        events = list(yaml.parse(raw.decode("utf-8"), Loader=yaml.SafeLoader))
        # The first two say that a stream and a document begin.
        content = _value(iter(events[2:])) if len(events) > 2 else _Mapping([])
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except Exception as error:  # PyYAML raises many kinds
        raise InputError(f"{path}: is not valid YAML: {error}") from error
    if not isinstance(content, _Mapping):
        raise InputError(f"{path}: has no parameters of nodes")
    sections: dict[str, Section] = {}
    try:
        if content:
            _collect(content, "", sections)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return tuple(sections.values())


def default_parameters() -> dict[str, dict[str, Any]]:
    """Return the default of each parameter of each node, by the name of the node."""
    return {one.last: one.values for one in read_parameter_file(find_resource(DEFAULTS))}


def parameters_for(sections: Sequence[Section], name: str) -> dict[str, Any]:
    """Return the parameters for a node of this name, whatever its namespace.

    Raises:
        InputError: There are some for several namespaces; names them.
    """
    fitting = [section for section in sections if section.may_fit(name)]
    spaces = sorted({one.namespace for one in fitting if one.namespace is not None})
    if len(spaces) > 1:
        named = ", ".join(space or "/" for space in spaces)
        raise InputError(f"{name}: has parameters in several namespaces: {named}")
    return {key: value for section in fitting for key, value in section.values.items()}


def unknown_names(
    sections: Sequence[Section], nodes: Mapping[str, Collection[str]], *, anywhere: bool
) -> list[str]:
    """Return a line for each name that is none of a node, or of a parameter of any node it is for.

    Args:
        sections: The sections of a file.
        nodes: Names of the parameters by the name of their node.
        anywhere: Whether the nodes may be in any namespace; else their names have one.

    Raises:
        InputError: A single node has no parameter of a name that is given for it; names both.
    """
    lines = []
    for section in sections:
        fits = section.may_fit if anywhere else section.fits
        fitting = [node for node in nodes if fits(node)]
        if not fitting:
            lines.append(f"{section.nodes}: is none of the nodes {', '.join(nodes)}")
            continue
        for name in section.values:
            if any(name in nodes[node] for node in fitting) or _OF_ROS.fullmatch(name):
                continue
            if "*" not in section.last:
                raise InputError(f"{section.last} has no parameter {name}")
            lines.append(f"{section.nodes}: none of the nodes has a parameter {name}")
    return lines


def misspelt_names(sections: Sequence[Section], node: str, names: Collection[str]) -> list[str]:
    """Return a line for each name that seems to be meant for a node, and is not its own.

    Args:
        sections: The sections of a file, which may be of many nodes.
        node: The node, named with its namespace.
        names: Names of its parameters.
    """
    lines = []
    own = node.rpartition("/")[2]
    for section in sections:
        if section.fits(node) and section.last == own:
            for name in section.values:
                if name not in names and not _OF_ROS.fullmatch(name):
                    lines.append(f"{section.nodes}: {own} has no parameter {name}")
        elif section.last != own and get_close_matches(section.last, [own], cutoff=0.85):
            lines.append(f"{section.nodes}: is not {own}")
    return lines


def sections_of_arguments(arguments: Sequence[str]) -> list[tuple[str, tuple[Section, ...]]]:
    """Return the sections that ROS arguments give, each with the file or argument it comes from.

    Raises:
        InputError: A file is not one of parameters; names it.
        OSError: A file cannot be read.
    """
    given: list[tuple[str, tuple[Section, ...]]] = []
    for flag, text in pairwise(arguments):
        if flag == "--params-file":
            given.append((text, read_parameter_file(Path(text))))
        elif flag in ("-p", "--param"):
            node, _, name = text.partition(":=")[0].rpartition(":")
            pattern = f"/{node.removeprefix('/')}" if node else "/**"
            given.append((f"{flag} {text}", (Section(pattern, {name: None}),)))
    return given


class _Mapping(_Pairs):
    """A mapping whose keys may be repeated."""


def _value(events: Iterator[Any], event: Any = None) -> Any:
    """Return the value that begins with the next event."""
    event = next(events) if event is None else event
    line = event.start_mark.line + 1
    if isinstance(event, yaml.ScalarEvent):
        return _scalar(event)
    if isinstance(event, yaml.SequenceStartEvent):
        items = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            items.append(_value(events, event))
        if len({type(item) for item in items}) > 1 or any(isinstance(item, list) for item in items):
            raise InputError(f"line {line}: the values of a list must be of one type")
        return items or None
    if isinstance(event, yaml.MappingStartEvent):
        pairs = _Mapping()
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent) or not event.value:
                raise InputError(f"line {event.start_mark.line + 1}: expected a name")
            pairs.append((event.value, _value(events)))
        return pairs
    raise InputError(f"line {line}: aliases are not taken")


def _scalar(event: yaml.ScalarEvent) -> bool | int | float | str:
    """Return a scalar in the type that rcl gives it."""
    text = event.value
    if event.style in ("'", '"') or event.tag == _STRING_TAG:
        return text
    if not text:
        raise InputError(f"line {event.start_mark.line + 1}: has no value")
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if (whole := _INTEGER.fullmatch(text)) is not None:
        sign, digits = whole.groups()
        octal = digits[0] == "0" and digits.isdigit()
        number = int(f"{sign}{digits}", 8 if octal else 0)
        if -(2**63) <= number < 2**63:
            return number
    return _float(text)


def _float(text: str) -> float | str:
    """Return a number as strtod reads it, or the text if it is none."""
    if re.fullmatch(r"[+-]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", text):
        return float(text.replace(".", ""))
    try:
        number = float.fromhex(text) if "x" in text.lower() else float(text)
    except (ValueError, OverflowError):
        return text
    if "_" in text or text[-1].isspace() or (math.isinf(number) and "n" not in text.lower()):
        return text
    return number


def _collect(pairs: _Mapping, name: str, sections: dict[str, Section]) -> None:
    """Add the sections below a name to others."""
    for key, value in pairs:
        where = f"{name}/{key}" if name and not name.endswith("/") else name + key
        if not isinstance(value, _Mapping):
            raise InputError(f"{where}: has no {_KEY}")
        if not key.startswith(_KEY):
            _collect(value, where, sections)
        elif not name:
            raise InputError(f"{_KEY}: stands below no node")
        else:
            nodes = name if name.startswith("/") else f"/{name}"
            _check_pattern(nodes)
            # With and without the slash, these are two sections for rcl.
            section = sections.setdefault(name, Section(nodes))
            section.values.update(_flat(value))
    if not pairs:
        raise InputError(f"{name}: has no {_KEY}")


def _check_pattern(nodes: str) -> None:
    for part in nodes.split("/")[1:]:
        if part not in ("*", "**") and not re.fullmatch(r"[A-Za-z_]\w*", part, re.ASCII):
            raise InputError(f"{nodes}: is not the name of a node")


def _flat(pairs: _Mapping, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield parameters by name; those of a mapping have its name and a dot before theirs."""
    for key, value in pairs:
        if isinstance(value, _Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value
