"""A recording in, action events out, without a ROS graph and as fast as this machine can."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from tqdm import tqdm

from bharnet_ros.bags.reading import Recorded, Recording
from bharnet_ros.bags.recorded_depth import RecordedDepth, find_depth
from bharnet_ros.bags.recorded_events import whole_events
from bharnet_ros.bags.replay_result import DrawnPeople, Replay
from bharnet_ros.bags.replay_settings import ReplaySettings
from bharnet_ros.bags.topics import Stage, choose_stage, model_info_topic, origin_of, topics_of
from bharnet_ros.messages.reading import (
    detected_model_from_message,
    event_from_message,
    keypoints_from_message,
    time_to_ns,
)
from bharnet_ros.pipeline.images_to_keypoints import DUPLICATES, JUMPS, Image, ImagesToKeypoints
from bharnet_ros.pipeline.keypoints_to_scores import KeypointsToScores
from bharnet_ros.pipeline.scores_to_events import ScoresToEvents
from bharnet_ros.recognition.events.parameters import DetectedModel
from bharnet_ros.resources import find_model
from bharnet_ros.types.actions import ActionEvent
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import NANOSECONDS, FrameKeypoints
from bharnet_ros.types.layouts import get_layout
from bharnet_ros.types.timeline import ScoreTrace

if TYPE_CHECKING:
    from bharnet_ros.recognition.bundle import BundleDescription

_PLACELESS = "frames without camera coordinates"


def replay(
    recording: Recording,
    settings: ReplaySettings | None = None,
    *,
    left_out: Sequence[str] = (),
    progress: bool = True,
) -> Replay:
    """Replay a recording; twice gives the same.

    Every message goes in, in the order of recording, and nothing is dropped for being late. A
    message that the nodes would refuse is left out and noted.

    Args:
        recording: An open recording.
        settings: Where to start, with what; None for the defaults.
        left_out: Topics that are something else, as the truth.
        progress: Draw a progress bar on stderr.

    Raises:
        InputError: The recording or a topic of it cannot be used, or the model or a parameter
            cannot; names file and topic, model or parameter.
        OSError: A file cannot be read.
    """
    given = ReplaySettings() if settings is None else settings
    stage, topic = choose_stage(recording, given.stage, given.topic, left_out)
    player = _Player(recording, given, stage, topic, progress)
    return player.events() if stage is Stage.EVENTS else player.computed()


class _Player:
    """One replay of one recording."""

    def __init__(
        self,
        recording: Recording,
        settings: ReplaySettings,
        stage: Stage,
        topic: str,
        progress: bool,
    ) -> None:
        self._recording = recording
        self._settings = settings
        self._stage = stage
        self._topic = topic
        self._progress = progress
        self._origin_ns = origin_of(recording, topic if stage is Stage.IMAGES else None)
        self._newest_ns = self._origin_ns
        self._counts: Counter[str] = Counter()
        self._rejected: list[str] = []
        self._drawn = DrawnPeople()
        self._depth: RecordedDepth | None = None

    def events(self) -> Replay:
        """Take recorded events as they are."""
        recorded: list[tuple[ActionEvent, float]] = []

        def take(one: Recorded) -> None:
            event = event_from_message(one.message)
            recorded.append((event, time_to_ns(one.message.latency) / NANOSECONDS))

        self._run((self._topic,), take)
        try:
            whole, notes = whole_events(recorded)
        except ValueError as error:
            raise self._refused(error) from error
        # How long a recording goes on after its last event only the clock of the recorder says.
        clocks_agree = self._recording.start_ns <= self._newest_ns <= self._recording.end_ns
        if clocks_agree or not recorded:
            self._newest_ns = max(self._newest_ns, self._recording.end_ns)
        info = model_info_topic(self._recording, self._topic)
        names: tuple[str, ...] = ()
        if info is not None:
            names = tuple(self._recording.first(info).class_names)
        elif self._settings.model is not None:
            names = self._bundle_description().class_names
        return self._result(
            [event for event, _ in whole],
            tuple(latency for _, latency in whole),
            names,
            (),
            notes,
        )

    def computed(self) -> Replay:
        """Compute events from whatever comes before them."""
        with ExitStack() as stack:
            to_events, topics, take = self._chain(stack)
            self._run(topics, take)
            to_events.close()
            return self._result(
                to_events.events,
                None,
                to_events.class_names,
                to_events.traces.traces(self._origin_ns),
                [],
            )

    def _chain(
        self, stack: ExitStack
    ) -> tuple[ScoresToEvents, tuple[str, ...], Callable[[Recorded], None]]:
        """Return the end of the chain, the topics that it needs and what to do with a message."""
        if self._stage is Stage.SCORES:
            return self._scores_chain()
        from bharnet_ros.pipeline.crops import make_rgb_feed, take_rgb_parameters
        from bharnet_ros.recognition.bundle import load_bundle
        from bharnet_ros.recognition.sliding import make_stream

        recognition = self._settings.parameters("recognition")
        bundle = load_bundle(find_model(recognition.pop("model")))
        rgb = take_rgb_parameters(recognition)
        to_events = self._detector(bundle.description.detected_model(), bundle.description.name)
        stream = make_stream(bundle, **recognition)
        # Recorded keypoints come without their images: the skeleton decides alone.
        wanted = rgb["use_rgb"] and self._stage is not Stage.KEYPOINTS
        feed = make_rgb_feed(bundle.description, stream.window_s, wanted=wanted)
        to_scores = KeypointsToScores(stream, self._counts, feed)
        metric = get_layout(bundle.description.body_layout).dimensions == 3

        def take_frame(frame: FrameKeypoints, image: Image | None = None) -> None:
            self._drawn.take(frame)
            scores = to_scores.take(frame, image)
            if scores is not None:
                to_events.take_scores(scores)

        if self._stage is Stage.KEYPOINTS:

            def take_keypoints(one: Recorded) -> None:
                frame = keypoints_from_message(one.message)
                placed = any(person.depth_known for person in frame.people)
                self._counts[_PLACELESS] += metric and bool(frame.people) and not placed
                take_frame(frame)

            return to_events, (self._topic,), take_keypoints
        from bharnet_ros.pipeline.depth import take_depth_parameters
        from bharnet_ros.pose.extractor import PoseExtractor

        extraction = self._settings.parameters("pose_extraction")
        extraction.pop("image_transport")
        self._depth = find_depth(
            self._recording,
            self._topic,
            self._settings,
            take_depth_parameters(extraction),
            bundle.description,
            progress=self._progress,
        )
        to_keypoints = ImagesToKeypoints(
            stack.enter_context(PoseExtractor(**extraction)), self._counts, self._depth
        )

        def take_image(one: Recorded) -> None:
            found = to_keypoints.take(one)
            if found is not None:
                take_frame(*found)

        return to_events, (self._topic,), take_image

    def _scores_chain(
        self,
    ) -> tuple[ScoresToEvents, tuple[str, ...], Callable[[Recorded], None]]:
        info = model_info_topic(self._recording, self._topic)
        if self._settings.model is not None:
            description = self._bundle_description()
            for one in self._recording.messages(info) if info is not None else ():
                self._check_classes(description.class_names, f"model {description.name}", one)
            to_events = self._detector(description.detected_model(), None)
            return to_events, (self._topic,), lambda one: to_events.take(one.message)
        if info is None:
            raise InputError(
                f"{self._recording.path}: topic {self._topic}: nothing in the bag says what the "
                "classes are (model_info); name the model with --model"
            )
        first = self._recording.first(info)
        for one in self._recording.messages(info):
            self._check_classes(tuple(first.class_names), f"model {first.name}", one)
        to_events = self._detector(detected_model_from_message(first), first.name)
        told = 0

        def take(one: Recorded) -> None:
            nonlocal told
            if one.topic != info:
                to_events.take(one.message)
                return
            told += 1
            # The first one is known from the start: it is latched.
            if told > 1:
                to_events.change_model(detected_model_from_message(one.message), one.message.name)

        return to_events, (self._topic, info), take

    def _detector(self, model: DetectedModel, name: str | None) -> ScoresToEvents:
        return ScoresToEvents(
            model,
            name,
            self._settings.parameters("action_event_publisher"),
            f"replay-{self._recording.name}",
            self._counts,
        )

    def _bundle_description(self) -> BundleDescription:
        from bharnet_ros.recognition.bundle import load_bundle

        assert self._settings.model is not None
        return load_bundle(find_model(self._settings.model)).description

    def _check_classes(self, names: tuple[str, ...], whose: str, told: Recorded) -> None:
        recorded = tuple(told.message.class_names)
        if recorded != names:
            raise InputError(
                f"{self._recording.path}: topic {told.topic}: the classes of model "
                f"{told.message.name} are {', '.join(recorded)}, but those of {whose} are "
                f"{', '.join(names)}"
            )

    def _run(self, topics: tuple[str, ...], take: Callable[[Recorded], None]) -> None:
        """Hand over every message; one that cannot be used is left out."""
        for one in tqdm(
            self._recording.messages(*topics) if self._depth is None else self._depth.images(),
            total=self._recording.count(*topics),
            desc=self._recording.name,
            unit="message",
            disable=not self._progress,
        ):
            try:
                take(one)
            except ValueError as error:
                self._rejected.append(str(error))
                continue
            if one.topic == self._topic:
                self._counts["used"] += 1
                self._newest_ns = max(self._newest_ns, time_to_ns(one.message.header.stamp))
        if self._rejected and not self._counts["used"]:
            raise self._refused(self._rejected[-1])

    def _refused(self, problem: object) -> InputError:
        return InputError(f"{self._recording.path}: topic {self._topic}: {problem}")

    def _result(
        self,
        events: list[ActionEvent],
        latencies_s: tuple[float, ...] | None,
        class_names: tuple[str, ...],
        traces: tuple[ScoreTrace, ...],
        notes: list[str],
    ) -> Replay:
        frames, dropped = self._frames()
        if self._stage in (Stage.EVENTS, Stage.SCORES):
            self._draw_recorded()
        if self._rejected:
            notes.append(
                f"{len(self._rejected)} messages on {self._topic} cannot be used; the last one: "
                f"{self._rejected[-1]}"
            )
        if self._depth is not None:
            notes += self._depth.notes()
        if self._counts[_PLACELESS]:
            notes.append(
                f"{self._counts[_PLACELESS]} frames on {self._topic} have no camera coordinates, "
                "but the model takes bodies in metres: in them the hands decide alone"
            )
        if self._counts[DUPLICATES]:
            notes.append(f"{self._counts[DUPLICATES]} messages had the stamp of the one before")
        if self._counts[JUMPS]:
            notes.append(
                "stamps went back, which ends every event; times before and after may overlap"
            )
        return Replay(
            name=self._recording.name,
            stage=self._stage,
            origin_ns=self._origin_ns,
            end_ns=self._newest_ns,
            events=tuple(events),
            latencies_s=latencies_s,
            class_names=class_names,
            traces=traces,
            frames=frames,
            dropped=dropped,
            notes=tuple(notes),
            keypoints=self._drawn.sequences(self._origin_ns),
        )

    def _draw_recorded(self) -> None:
        """Take the keypoints that were recorded beside scores or events."""
        found = topics_of(self._recording, Stage.KEYPOINTS)
        if len(found) == 1:
            for one in self._recording.messages(found[0].name):
                with suppress(ValueError):
                    self._drawn.take(keypoints_from_message(one.message))

    def _frames(self) -> tuple[int, int]:
        """Return how many frames went in, and how many images did not become one."""
        if self._stage is Stage.IMAGES:
            return self._counts["used"] - self._counts[DUPLICATES], len(self._rejected)
        keypoints = topics_of(self._recording, Stage.KEYPOINTS)
        images = topics_of(self._recording, Stage.IMAGES)
        frames = keypoints[0].messages if len(keypoints) == 1 else 0
        if self._stage is Stage.KEYPOINTS:
            frames = self._counts["used"] - self._counts[DUPLICATES]
        if not frames or len(images) != 1:
            return frames, 0
        return frames, max(0, images[0].messages - frames)
