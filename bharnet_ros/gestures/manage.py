"""`bharnet gestures`: list, check, remove and rename the gestures of a set."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from bharnet_ros.gestures.check import NONE, GestureCheck, check_gestures
from bharnet_ros.gestures.gesture_set import GestureSet, read_gesture_set, write_gesture_set
from bharnet_ros.gestures.teaching import Teacher
from bharnet_ros.recognition.bundle import load_bundle
from bharnet_ros.recognition.recognizer import Recognizer
from bharnet_ros.resources import find_model

_DEFAULT_MODEL = "gestures"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `bharnet gestures`."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, help_text in (
        ("list", "show the gestures and how many examples each has"),
        ("check", "hold each example against the others"),
        ("remove", "forget a gesture"),
        ("rename", "give a gesture another name"),
    ):
        action = actions.add_parser(name, help=help_text)
        action.add_argument("gestures", type=Path, metavar="DIR", help="folder of the gesture set")
        if name == "check":
            action.add_argument(
                "--model",
                metavar="NAME",
                help="name or folder of the model bundle (default: that which learned the set)",
            )
        if name in ("remove", "rename"):
            action.add_argument("name", metavar="NAME", help="the gesture")
        if name == "rename":
            action.add_argument("other", metavar="NEW_NAME", help="its new name")


def run(arguments: argparse.Namespace) -> int:
    """Run `bharnet gestures`; return the exit status.

    Raises:
        InputError: The set, the model or a name cannot be used; names it.
        OSError: A file cannot be read or written; the set is as it was.
    """
    actions: dict[str, Callable[[argparse.Namespace, GestureSet], str]] = {
        "list": _list,
        "check": _check,
        "remove": _remove,
        "rename": _rename,
    }
    gestures = read_gesture_set(arguments.gestures)
    print(actions[arguments.action](arguments, gestures))
    return 0


def _list(_arguments: argparse.Namespace, gestures: GestureSet) -> str:
    if not gestures.names:
        return "no gestures"
    lines = [
        f"{name}: {len(examples)} examples, {_lengths(gestures, name)}"
        + (", either hand" if name in gestures.either_hand else "")
        for name, examples in gestures.gestures.items()
    ]
    if gestures.background:
        lines.append(f"(none of them: {len(gestures.background)} examples)")
    return "\n".join(lines)


def _lengths(gestures: GestureSet, name: str) -> str:
    lengths = [
        end - start
        for one in gestures.gestures[name]
        for start, end in [one.motion or (float(one.stamp[0]), float(one.stamp[-1]))]
    ]
    return f"{min(lengths):.1f} to {max(lengths):.1f} s"


def _check(arguments: argparse.Namespace, gestures: GestureSet) -> str:
    model = arguments.model or gestures.model or _DEFAULT_MODEL
    teacher = Teacher(Recognizer(load_bundle(find_model(model)), "cpu"))
    return format_check(check_gestures(teacher, gestures))


def format_check(check: GestureCheck) -> str:
    """Return the result of a check as text for a terminal."""
    lines = []
    for name, taken_for in check.taken_for.items():
        examples = check.examples(name)
        if examples == 1:
            lines.append(f"{name}: one example, which cannot be held against others")
            continue
        wrong = ", ".join(
            f"{count} like no gesture" if other == NONE else f"{count} taken for {other}"
            for other, count in taken_for.items()
            if other != name
        )
        right = f"{check.right(name)} of {examples} examples recognised by the others"
        lines.append(f"{name}: {right}" + (f"; {wrong}" if wrong else ""))
    alike = check.most_alike
    if alike is not None:
        one, other, count = alike
        of = check.examples(one) + check.examples(other)
        lines.append(
            f"{one} and {other} are taken for each other in {count} of {of}: show them more "
            "differently, or add examples"
        )
    events = ", ".join(f"{name} {value:g}" for name, value in check.thresholds.items())
    lines.append(f"an event begins at a probability of: {events}")
    lines.append(
        f"false events to expect: {check.false_per_minute:.1f} a minute of unknown motion "
        f"({check.false_share:.1%} of that of other people is like a gesture)"
    )
    return "\n".join(lines)


def _remove(arguments: argparse.Namespace, gestures: GestureSet) -> str:
    write_gesture_set(arguments.gestures, gestures.without(arguments.name))
    return f"{arguments.name}: removed"


def _rename(arguments: argparse.Namespace, gestures: GestureSet) -> str:
    write_gesture_set(arguments.gestures, gestures.renamed(arguments.name, arguments.other))
    return f"{arguments.name}: now {arguments.other}"
