"""Which bodies of the image are followed: each by a graph of its own, from frame to frame."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from bharnet_ros.pose import tracking
from bharnet_ros.pose.engines import EngineSettings
from bharnet_ros.pose.mediapipe.graph import (
    DetectorGraph,
    FollowedBody,
    Graph,
    LoneHandsGraph,
    OnePersonGraph,
    PersonGraph,
    Region,
    image_packet,
)
from bharnet_ros.pose.mediapipe.graph_outputs import SURE_BODY_SCORE
from bharnet_ros.pose.scene import BodyLandmarks, Scene

TICKS = 2
"""Microseconds that a frame takes of the graphs' time: one for itself, one to forget somebody."""

SEARCH_PERIOD_US = 300_000
"""How often further people are looked for while somebody is followed and there is room."""

SAME_BODY = 0.15
"""Largest distance between the centres of two regions of the same body, in sizes of a region."""

_NOWHERE = Region(-10.0, -10.0, 0.1, 0.1, 0.0)


class OnePerson:
    """Follows one body. Not thread-safe.

    Faster than `People` with room for one: where the body is not sure, its hands and lone hands are
    looked for side by side.
    """

    def __init__(self, settings: EngineSettings) -> None:
        """Load the networks."""
        self._graph = OnePersonGraph(settings)

    def process(self, image: npt.NDArray[np.uint8], timestamp_us: int) -> Callable[[], Scene]:
        """Run the networks on one frame; as `People.process`."""
        self._graph.begin(image_packet(image), timestamp_us)
        read = self._graph.result()

        def scene() -> Scene:
            body, lone_hands = read()
            return Scene(() if body is None else (body,), tuple(lone_hands))

        return scene

    def reset(self) -> None:
        """Forget everybody; timestamps may start anew."""
        self._graph.reset()

    def close(self) -> None:
        """Stop the graph."""
        self._graph.close()

    def _graphs(self) -> Iterator[Graph]:
        yield self._graph


class People:
    """Follows as many bodies as there is room for. Not thread-safe."""

    def __init__(self, settings: EngineSettings) -> None:
        """Load the networks, once for each person."""
        self._detector = DetectorGraph(settings)
        self._lone_hands = LoneHandsGraph(settings)
        self._idle = [PersonGraph(settings) for _ in range(settings.max_people)]
        self._followed: list[tuple[PersonGraph, Region]] = []
        self._lost = False
        self._last_search_us = 0

    def process(self, image: npt.NDArray[np.uint8], timestamp_us: int) -> Callable[[], Scene]:
        """Run the networks on one frame.

        Args:
            image: (H, W, 3) RGB, contiguous.
            timestamp_us: Capture time in microseconds, `TICKS` or more after the one before.

        Returns:
            What gives the scene. It may be called at any time, on any thread: the networks need
            not wait for it.

        Raises:
            RuntimeError: MediaPipe refused the frame.
        """
        size = image.shape[1], image.shape[0]
        packet = image_packet(image)
        searches = self._is_time_to_search(timestamp_us)
        # All that does not wait for each other runs at once.
        for graph, region in self._followed:
            graph.begin(packet, region, timestamp_us)
        if searches:
            self._detector.begin(packet, timestamp_us)
        found = [(graph, graph.result()) for graph, _ in self._followed]
        if searches:
            self._last_search_us = timestamp_us
            found += self._take_up(packet, size, timestamp_us)
        scene = self._scene(packet, found, size, timestamp_us)
        return lambda: scene

    def _is_time_to_search(self, timestamp_us: int) -> bool:
        if not self._idle:
            return False
        since = timestamp_us - self._last_search_us
        return not self._followed or self._lost or since >= SEARCH_PERIOD_US

    def _take_up(
        self, packet: Any, size: tuple[int, int], timestamp_us: int
    ) -> list[tuple[PersonGraph, FollowedBody | None]]:
        """Begin to follow bodies that the detector sees and no graph follows."""
        known = [region for _, region in self._followed]
        begun = []
        for region in self._detector.result():
            if not self._idle:
                break
            if any(_same_place(region, other, size) for other in known):
                continue
            known.append(region)
            graph = self._idle.pop(0)
            graph.begin(packet, region, timestamp_us)
            begun.append(graph)
        return [(graph, graph.result()) for graph in begun]

    def _scene(
        self,
        packet: Any,
        found: list[tuple[PersonGraph, FollowedBody | None]],
        size: tuple[int, int],
        timestamp_us: int,
    ) -> Scene:
        bodies: list[FollowedBody] = []
        before = len(self._followed)
        self._followed = []
        for graph, body in found:
            if body is not None and any(_same_body(body, other, size) for other in bodies):
                # What its filters know is of another body.
                graph.begin(packet, _NOWHERE, timestamp_us + 1)
                graph.wait()
                body = None
            if body is None:
                self._idle.append(graph)
            else:
                bodies.append(body)
                self._followed.append((graph, body.next_region))
        self._lost = len(self._followed) < before
        sure = any(body.score > SURE_BODY_SCORE for body in bodies)
        if sure:
            return Scene(tuple(bodies), ())
        self._lone_hands.begin(packet, timestamp_us)
        return Scene(tuple(bodies), tuple(self._lone_hands.result()))

    def reset(self) -> None:
        """Forget everybody; timestamps may start anew."""
        for graph in self._graphs():
            graph.reset()
        self._idle = [graph for graph in self._graphs() if isinstance(graph, PersonGraph)]
        self._followed = []
        self._lost = False
        self._last_search_us = 0

    def close(self) -> None:
        """Stop all graphs."""
        for graph in self._graphs():
            graph.close()

    def _graphs(self) -> Iterator[DetectorGraph | PersonGraph | LoneHandsGraph]:
        yield self._detector
        yield self._lone_hands
        yield from (graph for graph, _ in self._followed)
        yield from self._idle


def _same_place(first: Region, second: Region, size: tuple[int, int]) -> bool:
    """Tell whether two regions are of the same body; `size` is the image's, width first."""
    width, height = size
    apart = np.hypot((first.x - second.x) * width, (first.y - second.y) * height)
    return bool(apart < SAME_BODY * max(first.width, second.width) * width)


def _same_body(first: BodyLandmarks, second: BodyLandmarks, size: tuple[int, int]) -> bool:
    """Tell whether two graphs have come to follow one body; `size` is the image's, width first."""
    return tracking.same_body(first.body[:, :2] * size, second.body[:, :2] * size)
