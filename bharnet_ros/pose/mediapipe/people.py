"""Tracks the bodies in the images, each with its own graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from bharnet_ros.pose import tracking
from bharnet_ros.pose.engines import EngineSettings
from bharnet_ros.pose.mediapipe.graph import (
    DetectorGraph,
    Graph,
    LoneHandsGraph,
    OnePersonGraph,
    PersonGraph,
    Region,
    TrackedBody,
    image_packet,
)
from bharnet_ros.pose.scene import CERTAIN_BODY_SCORE, BodyLandmarks, Scene

TICKS = 2
"""Microseconds of graph time for each frame: one to process it, one to make a graph forget."""

_NOWHERE = Region(-10.0, -10.0, 0.1, 0.1, 0.0)


class OnePerson:
    """Tracks one body. Not thread-safe.

    Faster than `People` with room for one: if the body is uncertain, its hands and lone hands are
    searched in parallel.
    """

    def __init__(self, settings: EngineSettings) -> None:
        """Load the networks."""
        self._graph = OnePersonGraph(settings)

    def process(self, image: npt.NDArray[np.uint8], timestamp_us: int) -> Callable[[], Scene]:
        """Run the networks on one frame, as `People.process` does."""
        self._graph.begin(image_packet(image), timestamp_us)
        read = self._graph.result()

        def scene() -> Scene:
            body, lone_hands = read()
            return Scene(() if body is None else (body,), tuple(lone_hands))

        return scene

    def reset(self) -> None:
        """Forget all people; the next timestamp may have any value."""
        self._graph.reset()

    def close(self) -> None:
        """Stop the graph."""
        self._graph.close()

    def _graphs(self) -> Iterator[Graph]:
        yield self._graph


class People:
    """Tracks up to `max_people` bodies. Not thread-safe."""

    def __init__(self, settings: EngineSettings) -> None:
        """Load the networks once for each person."""
        self._detector = DetectorGraph(settings)
        self._lone_hands = LoneHandsGraph(settings)
        self._idle = [PersonGraph(settings) for _ in range(settings.max_people)]
        self._tracked: list[tuple[PersonGraph, Region]] = []
        self._lost = False
        self._last_search_us = 0

    def process(self, image: npt.NDArray[np.uint8], timestamp_us: int) -> Callable[[], Scene]:
        """Run the networks on one frame.

        Args:
            image: (H, W, 3) RGB, contiguous.
            timestamp_us: Capture time in microseconds, `TICKS` or more after the previous one.

        Returns:
            A function that returns the scene. It may be called at any time, on any thread: the
            networks do not wait for it.

        Raises:
            RuntimeError: MediaPipe refused the frame.
        """
        size = image.shape[1], image.shape[0]
        packet = image_packet(image)
        search = self._search_due(timestamp_us)
        # Graphs that do not depend on each other run in parallel.
        for graph, region in self._tracked:
            graph.begin(packet, region, timestamp_us)
        if search:
            self._detector.begin(packet, timestamp_us)
        found = [(graph, graph.result()) for graph, _ in self._tracked]
        if search:
            self._last_search_us = timestamp_us
            found += self._start_tracks(packet, size, timestamp_us)
        scene = self._scene(packet, found, size, timestamp_us)
        return lambda: scene

    def _search_due(self, timestamp_us: int) -> bool:
        if not self._idle:
            return False
        since = timestamp_us - self._last_search_us
        return not self._tracked or self._lost or since >= tracking.SEARCH_PERIOD_S * 1e6

    def _start_tracks(
        self, packet: Any, size: tuple[int, int], timestamp_us: int
    ) -> list[tuple[PersonGraph, TrackedBody | None]]:
        """Start to track the detected bodies that no graph tracks yet."""
        known = [region for _, region in self._tracked]
        begun = []
        for region in self._detector.result():
            if not self._idle:
                break
            if any(_same_region(region, other, size) for other in known):
                continue
            known.append(region)
            graph = self._idle.pop(0)
            graph.begin(packet, region, timestamp_us)
            begun.append(graph)
        return [(graph, graph.result()) for graph in begun]

    def _scene(
        self,
        packet: Any,
        found: list[tuple[PersonGraph, TrackedBody | None]],
        size: tuple[int, int],
        timestamp_us: int,
    ) -> Scene:
        bodies: list[TrackedBody] = []
        before = len(self._tracked)
        self._tracked = []
        for graph, body in found:
            if body is not None and any(_same_body(body, other, size) for other in bodies):
                # Two graphs track this body: make this one forget, whose filters were on another.
                graph.begin(packet, _NOWHERE, timestamp_us + 1)
                graph.wait()
                body = None
            if body is None:
                self._idle.append(graph)
            else:
                bodies.append(body)
                self._tracked.append((graph, body.next_region))
        self._lost = len(self._tracked) < before
        if any(body.score > CERTAIN_BODY_SCORE for body in bodies):
            return Scene(tuple(bodies), ())
        self._lone_hands.begin(packet, timestamp_us)
        return Scene(tuple(bodies), tuple(self._lone_hands.result()))

    def reset(self) -> None:
        """Forget all people; the next timestamp may have any value."""
        for graph in self._graphs():
            graph.reset()
        self._idle = [graph for graph in self._graphs() if isinstance(graph, PersonGraph)]
        self._tracked = []
        self._lost = False
        self._last_search_us = 0

    def close(self) -> None:
        """Stop all graphs."""
        for graph in self._graphs():
            graph.close()

    def _graphs(self) -> Iterator[DetectorGraph | PersonGraph | LoneHandsGraph]:
        yield self._detector
        yield self._lone_hands
        yield from (graph for graph, _ in self._tracked)
        yield from self._idle


def _same_region(first: Region, second: Region, size: tuple[int, int]) -> bool:
    """Return whether two regions are of the same body; `size` is the image's, width first."""
    width, height = size
    apart = np.hypot((first.x - second.x) * width, (first.y - second.y) * height)
    return bool(apart < tracking.SAME_REGION * max(first.width, second.width) * width)


def _same_body(first: BodyLandmarks, second: BodyLandmarks, size: tuple[int, int]) -> bool:
    """Return whether two graphs track the same body; `size` is the image's, width first."""
    return tracking.same_body(first.body[:, :2] * size, second.body[:, :2] * size)
