"""Reads files of reactions, such as config/reactions.yaml."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

import yaml

from bharnet_ros.reactions.filling import fill_message
from bharnet_ros.reactions.reaction import PLACEHOLDERS, Deed, Reaction, Run, Send
from bharnet_ros.types.actions import Phase
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.field_types import is_number
from bharnet_ros.types.paths import expand_home

FindInterface: TypeAlias = Callable[[str], Any]
"""Returns the class of a message or service by its name, such as "std_srvs/srv/Empty".

Raises:
    InputError: It is not installed.
"""

_FILE = "reactions"
_PHASES = {"onset": Phase.ONSET, "offset": Phase.OFFSET}
_HANDS = {name: name for name in ("left", "right", "both", "none")}
_DEEDS = ("publish", "call", "run")
_TYPE = re.compile(r"[a-z]\w*/(?P<kind>msg|srv)/[A-Z]\w*")


def read_reactions(path: str | Path, find: FindInterface) -> list[Reaction]:
    """Return the reactions in a YAML file; messages and requests are made and checked.

    Args:
        path: The file.
        find: Finds the classes of messages and services.

    Raises:
        InputError: The file cannot be read, or is not one of reactions; the message names the file
            and the key.
    """
    file = expand_home(path, _FILE)
    try:
        content = yaml.load(file.read_text(encoding="utf-8"), _Loader)
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputError(f"{file}: is not YAML: {' '.join(str(error).split())}") from error
    try:
        fields = _fields(content, "the file", required=(_FILE,))
        if not isinstance(fields[_FILE], list):
            raise InputError(f"{_FILE}: must be a list, got {fields[_FILE]!r}")
        return [
            _read_reaction(one, f"{_FILE}[{index}]", find)
            for index, one in enumerate(fields[_FILE])
        ]
    except InputError as error:
        raise InputError(f"{file}: {error}") from error


class _Loader(yaml.SafeLoader):
    """Takes yes, no, on and off as texts, as YAML 1.2 does: they are names of actions."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {
        first: [one for one in resolvers if one[0] != "tag:yaml.org,2002:bool"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"true|True|TRUE|false|False|FALSE"), list("tTfF")
)


def _read_reaction(value: Any, key: str, find: FindInterface) -> Reaction:
    fields = _fields(
        value, key, required=("label",), optional=("phase", "hand", "track", "cooldown", *_DEEDS)
    )
    deeds = [name for name in _DEEDS if name in fields]
    if len(deeds) != 1:
        given = " and ".join(deeds) or "none"
        raise InputError(f"{key}: needs exactly one of {', '.join(_DEEDS)}; it has {given}")
    phase = _choice(fields.get("phase", "onset"), f"{key}.phase", _PHASES)
    hand = _choice(fields["hand"], f"{key}.hand", _HANDS) if "hand" in fields else ""
    cooldown = fields.get("cooldown", 0.0)
    if not is_number(cooldown) or not 0.0 <= cooldown < float("inf"):
        raise InputError(f"{key}.cooldown: must be a number of seconds, got {cooldown!r}")
    return Reaction(
        key=key,
        labels=_texts(fields["label"], f"{key}.label"),
        phase=phase,
        hand=hand,
        track_id=_text(fields.get("track", ""), f"{key}.track"),
        cooldown_s=float(cooldown),
        deed=_read_deed(deeds[0], fields[deeds[0]], f"{key}.{deeds[0]}", find),
    )


def _read_deed(name: str, value: Any, key: str, find: FindInterface) -> Deed:
    if name == "run":
        return _read_run(value, key)
    to_service = name == "call"
    target, content = ("service", "request") if to_service else ("topic", "message")
    fields = _fields(value, key, required=(target, "type"), optional=(content,))
    type_name = _text(fields["type"], f"{key}.type")
    kind = _TYPE.fullmatch(type_name)
    if kind is None or (kind["kind"] == "srv") != to_service:
        example = "std_srvs/srv/Empty" if to_service else "geometry_msgs/msg/Twist"
        raise InputError(f"{key}.type: must be a type such as {example}, got {type_name!r}")

    def find_here(wanted: str) -> Any:
        try:
            return find(wanted)
        except InputError as error:
            raise InputError(f"{key}.type: {error}") from error

    def find_message(wanted: str) -> Any:
        return find_here(wanted.replace("/", "/msg/"))

    found = find_here(type_name)
    message = found.Request() if to_service else found()
    values = fields.get(content, {})
    times = fill_message(message, values, f"{key}.{content}", find_message)
    return Send(
        name=_text(fields[target], f"{key}.{target}"),
        type_name=type_name,
        message=message,
        times=tuple(times),
        values=yaml.safe_dump(values, default_flow_style=True, width=2**20).strip(),
        to_service=to_service,
    )


def _read_run(value: Any, key: str) -> Run:
    if not isinstance(value, list) or not value:
        raise InputError(f"{key}: must be a list of a program and its arguments, got {value!r}")
    words = []
    for index, one in enumerate(value):
        at = f"{key}[{index}]"
        word = str(one) if is_number(one) else _text(one, at)
        inside = [each for each in PLACEHOLDERS if each in word]
        if inside and (index == 0 or word not in PLACEHOLDERS):
            raise InputError(f"{at}: {inside[0]} must be an argument of its own, got {word!r}")
        words.append(word)
    if shutil.which(words[0]) is None:
        raise InputError(f"{key}[0]: there is no program {words[0]!r} on this machine")
    return Run(tuple(words))


def _fields(
    value: Any, key: str, *, required: tuple[str, ...], optional: tuple[str, ...] = ()
) -> Mapping[str, Any]:
    """Return a mapping with these fields and no others.

    Raises:
        InputError: It is none, a field is missing, or there is another one; names it.
    """
    known = ", ".join((*required, *optional))
    if not isinstance(value, Mapping):
        raise InputError(f"{key}: must be fields by name ({known}), got {value!r}")
    for name in required:
        if name not in value:
            raise InputError(f"{key}: has no field {name}")
    for name in value:
        if name not in (*required, *optional):
            raise InputError(f"{key}.{name}: is not one of the fields ({known})")
    return value


def _text(value: Any, key: str) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise InputError(f"{key}: must be a text, got {value!r}")
    return value


def _texts(value: Any, key: str) -> tuple[str, ...]:
    """Return one text, or a list of texts, as a tuple."""
    if isinstance(value, list) and value:
        return tuple(_text(one, f"{key}[{index}]") for index, one in enumerate(value))
    return (_text(value, key),)


def _choice(value: Any, key: str, choices: Mapping[str, Any]) -> Any:
    if not isinstance(value, str) or value not in choices:
        raise InputError(f"{key}: must be one of {', '.join(choices)}, got {value!r}")
    return choices[value]
