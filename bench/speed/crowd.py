"""Simulated people from the puppet's exact keypoints: a crowd that stays, and passers-by."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

from bharnet_ros.sources.puppet import open_puppet
from bharnet_ros.types.keypoints import NANOSECONDS, FrameKeypoints, PersonKeypoints

FPS = 30.0
WIDTH, HEIGHT = 640, 480

_SCRIPT = "two_people"
"""A script whose first person shows both hands in every frame, which costs most."""

_SHORTEST_VISIT_S, _LONGEST_VISIT_S = 1.0, 30.0


def record_person() -> list[PersonKeypoints]:
    """Return ten seconds of one gesturing person, frame by frame."""
    source = open_puppet(_SCRIPT, width=WIDTH, height=HEIGHT, fps=FPS)
    return [source.truth(number).people[0] for number in range(source.frame_count)]


def stamp_of(number: int) -> int:
    """Return the stamp of the frame with this number, nanoseconds."""
    return round(number / FPS * NANOSECONDS)


def _copy_person(
    recorded: Sequence[PersonKeypoints], number: int, track_id: str
) -> PersonKeypoints:
    """Return a person in one frame, with arrays of its own, as extraction makes them."""
    person = recorded[number % len(recorded)]
    return replace(
        person,
        track_id=track_id,
        body=person.body.copy(),
        hands=person.hands.copy(),
        hand_scores=person.hand_scores.copy(),
    )


def crowd(recorded: Sequence[PersonKeypoints], people: int) -> Iterator[FrameKeypoints]:
    """Yield endless frames of the same people, each at another point of the recording."""
    for number in itertools.count():
        seen = tuple(_copy_person(recorded, number + 37 * one, str(one)) for one in range(people))
        yield FrameKeypoints(stamp_of(number), WIDTH, HEIGHT, seen)


def passers_by(
    recorded: Sequence[PersonKeypoints], most: int, seed: int = 0
) -> Iterator[FrameKeypoints]:
    """Yield endless frames in which people come and go, each with a track of their own.

    Args:
        recorded: Motion of each person.
        most: Greatest number of people in view at once; the number varies from none to this.
        seed: Random seed.
    """
    generator = random.Random(seed)
    visitors: dict[str, int] = {}
    arrivals = itertools.count()
    places_left = most
    for number in itertools.count():
        visitors = {track: end for track, end in visitors.items() if end > number}
        if number % round(10 * FPS) == 0:
            places_left = generator.randint(0, most)
        if len(visitors) < places_left:
            stay = generator.uniform(_SHORTEST_VISIT_S, _LONGEST_VISIT_S)
            visitors[f"visitor_{next(arrivals)}"] = number + round(stay * FPS)
        seen = tuple(_copy_person(recorded, number, track) for track in visitors)
        yield FrameKeypoints(stamp_of(number), WIDTH, HEIGHT, seen)
