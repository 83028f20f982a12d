"""The scripts that the puppet can show."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from bharnet_ros.sources.puppet.camera import Camera
from bharnet_ros.sources.puppet.motion.gestures import GESTURES, PRESENTING, UNKNOWN, Gesture, Style
from bharnet_ros.sources.puppet.motion.kinematics import smooth_step
from bharnet_ros.sources.puppet.motion.own_gestures import OWN
from bharnet_ros.sources.puppet.motion.performer import Act, Performer, Walk, standing
from bharnet_ros.sources.puppet.motion.pointing import POINTED, point
from bharnet_ros.sources.puppet.painting.backdrop import Box
from bharnet_ros.sources.puppet.painting.props import PROPS, Held
from bharnet_ros.sources.puppet.painting.shading import Colour
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import FloatArray

REST_TIME = 1.8
"""Seconds of rest between two gestures."""

LONG_TIME = 600.0
"""Duration of the long scripts, seconds."""

_TIMES_TAUGHT = 5

_LONG_REST = (1.0, 4.0)
"""Minimum and maximum seconds of rest in the long scripts, from hands half-way down until half-way
up."""


@dataclass(frozen=True)
class PuppetScene:
    """Everything that a script shows.

    Attributes:
        performers: The people.
        duration: Seconds.
        camera: The camera.
        boxes: Boxes in front of the people.
        held: What people hold, by track id.
        light: Factors on red, green and blue of the whole frame.
    """

    performers: Sequence[Performer]
    duration: float
    camera: Camera
    boxes: Sequence[Box] = ()
    held: Mapping[str, Held] = field(default_factory=dict)
    light: Colour = (1.0, 1.0, 1.0)


SceneMaker = Callable[[int, int, np.random.Generator], PuppetScene]


def script_names() -> tuple[str, ...]:
    """Return the names of all scripts."""
    return tuple(_SCRIPTS)


def make_scene(script: str, width: int, height: int, seed: int) -> PuppetScene:
    """Return the scene of a script.

    Args:
        script: A name of `script_names`.
        width: Pixels.
        height: Pixels.
        seed: Chooses the variation.

    Raises:
        InputError: There is no such script; the message lists the known ones.
    """
    if script not in _SCRIPTS:
        known = ", ".join(script_names())
        raise InputError(f"script: {script!r} is unknown; known are: {known}")
    return _SCRIPTS[script](width, height, np.random.default_rng([seed, 1]))


def _acts(
    gestures: Sequence[Gesture], random: np.random.Generator, start: float = REST_TIME / 2
) -> list[Act]:
    """Perform gestures one after the other with rest between."""
    acts: list[Act] = []
    for gesture in gestures:
        acts.append(Act(gesture, start, Style.drawn(random)))
        start = acts[-1].end + REST_TIME - gesture.raise_time
    return acts


def _solo(gestures: Sequence[Gesture]) -> SceneMaker:
    def make(width: int, height: int, random: np.random.Generator) -> PuppetScene:
        acts = _acts(gestures, random)
        end = acts[-1].end + REST_TIME / 2
        return PuppetScene([Performer("1", acts)], end, Camera(width, height))

    return make


def _rest(width: int, height: int, random: np.random.Generator) -> PuppetScene:
    return PuppetScene([Performer("1", phase=random.uniform(0, 9))], 6.0, Camera(width, height))


def _two_people(width: int, height: int, random: np.random.Generator) -> PuppetScene:
    camera, aside = _for_two(width, height)
    left = _acts([GESTURES["hello"], GESTURES["please"]], random)
    right = _acts([GESTURES["iloveyou"], GESTURES["yes"]], random, start=1.6)
    people = [
        Performer("1", left, standing(-aside)),
        Performer("2", right, standing(aside), phase=4.0),
    ]
    return PuppetScene(people, right[-1].end + REST_TIME / 2, camera)


def _for_two(width: int, height: int) -> tuple[Camera, float]:
    """Return a camera that sees two people, and how far from the middle each stands, metres."""
    camera = Camera(width, height, distance=1.9, shoulder_height=0.50)
    return camera, 0.22 * width / camera.focal * camera.distance


def _pointing(width: int, height: int, random: np.random.Generator) -> PuppetScene:
    """Point in every direction with the right arm, then with the left one."""
    acts = _acts([point(direction, left=left) for direction, left in POINTED], random)
    camera = Camera(width, height, distance=2.0, shoulder_height=0.45)
    return PuppetScene([Performer("1", acts)], acts[-1].end + REST_TIME / 2, camera)


def _long_acts(random: np.random.Generator, known: Mapping[str, Gesture] = GESTURES) -> list[Act]:
    """Perform gestures and unknown motions in rounds, each round in its own random order."""
    acts: list[Act] = []
    half_down = hanging = 0.0
    while True:
        gestures = [*known.values(), *UNKNOWN.values()]
        for index in random.permutation(len(gestures)):
            half_up = half_down + random.uniform(*_LONG_REST)
            start = max(half_up - gestures[index].raise_time / 2, hanging)
            act = Act(gestures[index], start, Style.drawn(random))
            if act.end > LONG_TIME - _LONG_REST[0]:
                return acts
            acts.append(act)
            half_down, hanging = act.end - act.gesture.raise_time / 2, act.end


def _long(width: int, height: int, random: np.random.Generator) -> PuppetScene:
    return PuppetScene([Performer("1", _long_acts(random))], LONG_TIME, Camera(width, height))


def _long_own(width: int, height: int, random: np.random.Generator) -> PuppetScene:
    acts = _long_acts(random, OWN)
    return PuppetScene([Performer("1", acts)], LONG_TIME, Camera(width, height))


def _long_two_people(width: int, height: int, random: np.random.Generator) -> PuppetScene:
    camera, aside = _for_two(width, height)
    people = [
        Performer(str(number), _long_acts(random), standing(place), phase=4.0 * number)
        for number, place in ((1, -aside), (2, aside))
    ]
    return PuppetScene(people, LONG_TIME, camera)


def _enter_and_leave(width: int, height: int, random: np.random.Generator) -> PuppetScene:
    camera = Camera(width, height, distance=1.7, shoulder_height=0.48)
    acts = [Act(GESTURES["hello"], 3.2, Style.drawn(random))]
    outside = (0.5 * width / camera.focal + 0.1) * camera.distance + 0.45
    leave = acts[0].end + 0.3
    return PuppetScene([Performer("1", acts, _walk(outside, leave))], leave + 3.0, camera)


def _walk(outside: float, leave: float) -> Walk:
    """Come in from the left of the image, stand, and leave to the right."""

    def walk(time: float) -> tuple[FloatArray, float, float]:
        came = smooth_step((time - 0.5) / 2.2)
        gone = smooth_step((time - leave) / 2.2)
        place = outside * (came - 1.0 + gone)
        turn = 0.55 * (_bump(time, 0.4, 2.8) + _bump(time, leave - 0.2, leave + 2.6))
        step = 2 * np.pi * place / 1.1
        moving = 4.0 * (came * (1.0 - came) + gone * (1.0 - gone))
        bob = -0.015 * moving * abs(np.sin(step))
        return np.array([place, bob, 0.0]), turn, 0.4 * moving * float(np.sin(step))

    return walk


def _bump(time: float, start: float, end: float) -> float:
    return min(smooth_step((time - start) / 0.5), smooth_step((end - time) / 0.5))


def _occluded_hand(width: int, height: int, random: np.random.Generator) -> PuppetScene:
    """Hold a sign up and step aside and back, so that a box hides the hand for a while."""
    camera = Camera(width, height)
    acts = [Act(replace(GESTURES["iloveyou"], duration=9.0), 0.5, Style.drawn(random))]
    middle, half = np.array([0.5 * width - 0.44 * camera.focal, 0.45 * height]), 0.13 * camera.focal
    box = Box(middle[0] - half, middle[1] - 1.4 * half, middle[0] + half, middle[1] + 1.2 * half)
    return PuppetScene([Performer("1", acts, _step_aside)], acts[0].end + 0.9, camera, [box])


def _step_aside(time: float) -> tuple[FloatArray, float, float]:
    away = 0.5 - 0.5 * np.cos(2 * np.pi * time / 4.6)
    return np.array([0.14 - 0.22 * away, 0.0, 0.0]), 0.0, 0.0


def _absent_hands(width: int, height: int, random: np.random.Generator) -> PuppetScene:
    """Stand so near that hanging hands are outside the image, and move the head instead."""
    performer = Performer("1", walk=_nodding_place, phase=random.uniform(0, 9))
    return PuppetScene([performer], 6.0, Camera(width, height))


def _nodding_place(time: float) -> tuple[FloatArray, float, float]:
    sway = 0.05 * np.sin(2 * np.pi * 0.2 * time)
    return np.array([sway, 0.0, 0.03 * np.sin(time)]), 0.12 * float(np.sin(0.8 * time)), 0.0


def _presenting(prop: str | None) -> SceneMaker:
    """Hold a thing up, or nothing with the same motion: only the image shows which."""

    def make(width: int, height: int, random: np.random.Generator) -> PuppetScene:
        camera = Camera(
            *(width, height),
            distance=random.uniform(0.95, 1.5),
            shoulder_height=random.uniform(0.5, 0.62),
        )
        place = standing(random.uniform(-0.15, 0.15), random.uniform(-0.05, 0.05))
        act = Act(PRESENTING, 0.2, Style.drawn(random))
        people = [Performer("1", [act], place, phase=random.uniform(0, 9))]
        light = random.uniform(0.65, 1.2) * random.uniform(0.85, 1.15, 3)
        # Drawn even if nothing is held, so that motion and light depend on the seed alone.
        held = Held.drawn(prop or PROPS[0], random)
        return PuppetScene(
            people,
            act.end + 0.2,
            camera,
            held={} if prop is None else {"1": held},
            light=(float(light[0]), float(light[1]), float(light[2])),
        )

    return make


_SCRIPTS: dict[str, SceneMaker] = {
    "gestures": _solo(tuple(GESTURES.values())),
    **{name: _solo((gesture,)) for name, gesture in GESTURES.items()},
    "own_gestures": _solo([gesture for gesture in OWN.values() for _ in range(_TIMES_TAUGHT)]),
    "pointing": _pointing,
    "unknown": _solo(tuple(UNKNOWN.values())),
    "rest": _rest,
    "two_people": _two_people,
    "long": _long,
    "long_own_gestures": _long_own,
    "long_two_people": _long_two_people,
    "enter_and_leave": _enter_and_leave,
    "occluded_hand": _occluded_hand,
    "absent_hands": _absent_hands,
    **{f"holding_{prop}": _presenting(prop) for prop in PROPS},
    "holding_nothing": _presenting(None),
}
