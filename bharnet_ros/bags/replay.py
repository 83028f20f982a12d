"""A recording in, action events out, without a ROS graph and as fast as this machine can."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from tqdm import tqdm

from bharnet_ros.bags.reading import Recorded, Recording
from bharnet_ros.bags.recorded_depth import RecordedDepth, find_depth
from bharnet_ros.bags.recorded_events import whole_events
from bharnet_ros.bags.replay_plan import ReplayPlan, plan_replay
from bharnet_ros.bags.replay_result import Replay, SampledPeople
from bharnet_ros.bags.replay_settings import ReplaySettings
from bharnet_ros.bags.topics import Stage, model_info_topic, topics_of
from bharnet_ros.messages.reading import (
    Message,
    event_from_message,
    event_model_from_message,
    keypoints_from_message,
    time_to_ns,
)
from bharnet_ros.pipeline.message_log import DUPLICATES, TIME_JUMPS, WITHOUT_DEPTH, CollectedLog
from bharnet_ros.pipeline.scores_to_events import ScoresToEvents
from bharnet_ros.recognition.events.overrides import event_overrides
from bharnet_ros.resources import find_model
from bharnet_ros.types.actions import ActionEvent, OffsetReason
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import NANOSECONDS
from bharnet_ros.types.timeline import ScoreTrace, TraceCollector

if TYPE_CHECKING:
    # Recordings of scores need neither MediaPipe nor torch, and should not wait for them.
    from bharnet_ros.recognition.bundle import BundleDescription
    from bharnet_ros.recognition.sliding import DueWindows

TakeMessage = Callable[[Recorded], None]


def replay(
    recording: Recording,
    settings: ReplaySettings | None = None,
    *,
    plan: ReplayPlan | None = None,
    left_out: Sequence[str] = (),
    progress: bool = True,
) -> Replay:
    """Replay a recording; replaying it again gives the same result.

    Every message goes in, in the order of recording, and none is dropped for being late. A message
    that the nodes would reject is left out and noted.

    Args:
        recording: An open recording.
        settings: How to replay it; None for the defaults.
        plan: What to start from; None chooses by the settings.
        left_out: Topics that hold something else, such as the truth.
        progress: Draw a progress bar on stderr.

    Raises:
        InputError: The recording or a topic of it cannot be used, or the model or a parameter
            cannot; names file and topic, model or parameter.
        OSError: A file cannot be read.
    """
    given = ReplaySettings() if settings is None else settings
    chosen = plan_replay(recording, given, left_out) if plan is None else plan
    player = _Player(recording, given, chosen, progress)
    return player.events() if chosen.stage is Stage.EVENTS else player.computed()


class _Player:
    """One replay of one recording."""

    def __init__(
        self, recording: Recording, settings: ReplaySettings, plan: ReplayPlan, progress: bool
    ) -> None:
        self._recording = recording
        self._settings = settings
        self._stage = plan.stage
        self._topic = plan.topic
        self._progress = progress
        self._origin_ns = plan.origin_ns
        self._newest_ns = plan.origin_ns
        self._used = 0
        self._log = CollectedLog()
        self._drawn = SampledPeople()
        self._depth: RecordedDepth | None = None
        self._events: list[ActionEvent] = []
        self._traces = TraceCollector()
        self._to_events = ScoresToEvents(
            event_overrides(settings.parameters("action_event_publisher")),
            self._log,
            f"replay-{recording.name}",
        )

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
            topics, take = self._chain(stack)
            self._run(topics, take)
        class_names = self._to_events.class_names
        self._events += self._to_events.close(OffsetReason.SOURCE_LOST)
        return self._result(
            self._events, None, class_names, self._traces.traces(self._origin_ns), []
        )

    def _chain(self, stack: ExitStack) -> tuple[tuple[str, ...], TakeMessage]:
        """Return the topics that are needed, and what to do with a message."""
        if self._stage is Stage.SCORES:
            return self._from_scores()
        from bharnet_ros.pipeline.keypoints_to_scores import KeypointsToScores, open_recognition

        parameters = self._settings.parameters("recognition")
        if self._stage is Stage.KEYPOINTS:
            # Recorded keypoints come without their images: the skeleton decides alone.
            parameters = {**parameters, "use_rgb": False}
        stream, rgb = open_recognition(parameters)
        description = stream.recognizer.description
        self._to_events.use_model(description.event_model(), description.name)
        to_scores = KeypointsToScores(stream, self._log, rgb)

        def take_due(due: DueWindows | None) -> None:
            if due is not None:
                scores = to_scores.score(due)
                self._traces.take(scores)
                self._events += self._to_events.take_scores(scores) or []

        if self._stage is Stage.KEYPOINTS:

            def take_keypoints(one: Recorded) -> None:
                due, frame = to_scores.take(one.message)
                if frame is not None:
                    self._drawn.take(frame)
                take_due(due)

            return (self._topic,), take_keypoints
        from bharnet_ros.pipeline.images_to_keypoints import ImagesToKeypoints, open_extractor

        extraction = self._settings.parameters("pose_extraction")
        self._depth = find_depth(
            self._recording,
            self._topic,
            self._settings,
            extraction,
            description,
            progress=self._progress,
        )
        extractor = stack.enter_context(open_extractor(extraction))
        to_keypoints = ImagesToKeypoints(extractor, self._log)
        to_keypoints.depth = self._depth

        def take_image(one: Recorded) -> None:
            frame = to_keypoints.take(one.message)
            if frame is not None:
                self._drawn.take(frame)
                take_due(to_scores.take_frame(frame, one.message))

        return (self._topic,), take_image

    def _from_scores(self) -> tuple[tuple[str, ...], TakeMessage]:
        info = model_info_topic(self._recording, self._topic)
        if self._settings.model is not None:
            description = self._bundle_description()
            for one in self._recording.messages(info) if info is not None else ():
                self._check_classes(description.class_names, f"model {description.name}", one)
            self._to_events.use_model(description.event_model(), None)
            return (self._topic,), lambda one: self._take_scores(one.message)
        if info is None:
            raise InputError(
                f"{self._recording.path}: topic {self._topic}: nothing in the bag says what the "
                "classes are (model_info); name the model with --model"
            )
        first = self._recording.first(info)
        for one in self._recording.messages(info):
            self._check_classes(tuple(first.class_names), f"model {first.name}", one)
        self._to_events.use_model(event_model_from_message(first), first.name)
        told = 0

        def take(one: Recorded) -> None:
            nonlocal told
            if one.topic != info:
                self._take_scores(one.message)
                return
            told += 1
            # The first one is known from the start: it is latched.
            if told > 1:
                self._events += self._to_events.close(OffsetReason.SOURCE_LOST)
                model = event_model_from_message(one.message)
                self._to_events.use_model(model, one.message.name)

        return (self._topic, info), take

    def _take_scores(self, message: Message) -> None:
        taken = self._to_events.take(message)
        if taken is not None:
            scores, events = taken
            self._events += events
            self._traces.take(scores)

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

    def _run(self, topics: tuple[str, ...], take: TakeMessage) -> None:
        """Hand over every message; one that cannot be used is left out."""
        for one in tqdm(
            self._recording.messages(*topics) if self._depth is None else self._depth.images(),
            total=self._recording.count(*topics),
            desc=self._recording.name,
            unit="message",
            disable=not self._progress,
        ):
            rejected = len(self._log.rejected)
            try:
                take(one)
            except ValueError as error:
                self._log.reject(str(error))
            if one.topic == self._topic and len(self._log.rejected) == rejected:
                self._used += 1
                self._newest_ns = max(self._newest_ns, time_to_ns(one.message.header.stamp))
        if self._log.rejected and not self._used:
            raise self._refused(self._log.rejected[-1])

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
        counts = self._log.counts
        if self._stage in (Stage.EVENTS, Stage.SCORES):
            self._draw_recorded()
        if self._log.rejected:
            notes.append(
                f"{len(self._log.rejected)} messages on {self._topic} cannot be used; "
                f"the last one: {self._log.rejected[-1]}"
            )
        if self._depth is not None:
            notes += self._depth.notes()
        if self._stage is Stage.KEYPOINTS and counts[WITHOUT_DEPTH]:
            notes.append(
                f"{counts[WITHOUT_DEPTH]} frames on {self._topic} have no camera coordinates, "
                "but the model takes bodies in metres: in them the hands decide alone"
            )
        if counts[DUPLICATES]:
            notes.append(f"{counts[DUPLICATES]} messages had the stamp of the one before")
        if counts[TIME_JUMPS]:
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
            counts=dict(counts),
            rejected=tuple(self._log.rejected),
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
            return self._used - self._log.counts[DUPLICATES], len(self._log.rejected)
        keypoints = topics_of(self._recording, Stage.KEYPOINTS)
        images = topics_of(self._recording, Stage.IMAGES)
        frames = keypoints[0].messages if len(keypoints) == 1 else 0
        if self._stage is Stage.KEYPOINTS:
            frames = self._used - self._log.counts[DUPLICATES]
        if not frames or len(images) != 1:
            return frames, 0
        return frames, max(0, images[0].messages - frames)
