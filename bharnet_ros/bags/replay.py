"""Replays a recording without a ROS graph: messages in, action events out."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from tqdm import tqdm

from bharnet_ros.bags.reading import Recorded, Recording, Topic
from bharnet_ros.bags.recorded_camera import find_camera
from bharnet_ros.bags.recorded_depth import RecordedDepth, find_depth
from bharnet_ros.bags.recorded_events import whole_events
from bharnet_ros.bags.recorded_models import check_classes, recorded_classes
from bharnet_ros.bags.replay_plan import ReplayPlan, plan_replay
from bharnet_ros.bags.replay_result import Replay, SampledPeople, message_notes
from bharnet_ros.bags.replay_settings import ReplaySettings
from bharnet_ros.bags.topics import Stage, topics_of
from bharnet_ros.messages.reading import (
    Message,
    event_from_message,
    keypoints_from_message,
    time_to_ns,
)
from bharnet_ros.pipeline.message_log import DUPLICATES, LATE, WITHOUT_DEPTH, CollectedLog
from bharnet_ros.pipeline.scores_to_events import ScoresToEvents
from bharnet_ros.pipeline.stamp_check import StampCheck
from bharnet_ros.recognition.events.overrides import event_overrides
from bharnet_ros.resources import find_model
from bharnet_ros.types.actions import ActionEvent, OffsetReason, move_classes
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import NANOSECONDS
from bharnet_ros.types.timeline import ScoreTrace, TraceCollector

if TYPE_CHECKING:
    # A replay of scores needs neither MediaPipe nor torch, and should not wait for their import.
    from bharnet_ros.recognition.description import BundleDescription
    from bharnet_ros.recognition.sliding import DueWindows

TakeMessage = Callable[[Recorded], None]


def replay(
    recording: Recording,
    settings: ReplaySettings | None = None,
    *,
    plan: ReplayPlan | None = None,
    excluded: Sequence[str] = (),
    progress: bool = True,
) -> Replay:
    """Replay a recording; the same recording and settings give the same result.

    Every message is used, in the order of recording: none is dropped for being late. A message
    that the nodes would reject is skipped and noted.

    Args:
        recording: An open recording.
        settings: How to replay it; None for the defaults.
        plan: What to start from; None to choose it by the settings.
        excluded: Without a plan, topics never to choose, such as that of the truth.
        progress: Whether to draw a progress bar on stderr.

    Raises:
        InputError: The recording, one of its topics, the model or a parameter cannot be used;
            names file and topic, model or parameter.
        OSError: A file cannot be read.
    """
    given = ReplaySettings() if settings is None else settings
    chosen = plan_replay(recording, given, excluded) if plan is None else plan
    player = _Player(recording, given, chosen, progress)
    return player.read_events() if chosen.stage is Stage.EVENTS else player.compute_events()


class _Player:
    """One replay of one recording."""

    def __init__(
        self, recording: Recording, settings: ReplaySettings, plan: ReplayPlan, progress: bool
    ) -> None:
        self._recording = recording
        self._settings = settings
        self._stage = plan.stage
        self._topic = plan.topic
        self._model_info = plan.model_info
        self._progress = progress
        self._origin_ns = plan.origin_ns
        self._newest_ns = plan.origin_ns
        self._used = 0
        self._log = CollectedLog()
        self._people = SampledPeople()
        self._depth: RecordedDepth | None = None
        self._events: list[ActionEvent] = []
        self._class_names: tuple[str, ...] = ()
        self._traces = TraceCollector()
        self._to_events = ScoresToEvents(
            event_overrides(settings.parameters("action_event_publisher")),
            self._log,
            f"replay-{recording.name}",
        )

    def read_events(self) -> Replay:
        """Return the recorded events, each with ONSET and OFFSET."""
        recorded: list[tuple[ActionEvent, float]] = []

        stamps = StampCheck(self._log, "")

        def take(one: Recorded) -> None:
            event = event_from_message(one.message)
            stamps.require(event.stamp_ns)
            # 0 stands for unknown.
            latency_s = time_to_ns(one.message.latency) / NANOSECONDS or math.nan
            recorded.append((event, latency_s))

        self._run((self._topic,), take)
        try:
            whole, notes = whole_events(recorded)
        except InputError as error:
            raise self._error(error) from error
        # Only the recorder's clock says how long the recording goes on after its last event.
        clocks_agree = self._recording.start_ns <= self._newest_ns <= self._recording.end_ns
        if clocks_agree or not recorded:
            self._newest_ns = max(self._newest_ns, self._recording.end_ns)
        names: tuple[str, ...] = ()
        if self._model_info is not None:
            names = recorded_classes(self._recording, self._model_info)
        elif self._settings.model is not None:
            names = self._bundle_description().class_names
        return self._result(
            [event for event, _ in whole],
            tuple(latency for _, latency in whole),
            names,
            (),
            notes,
        )

    def compute_events(self) -> Replay:
        """Compute events from recorded scores, keypoints or images."""
        with ExitStack() as stack:
            topics, take = self._open_chain(stack)
            self._run(topics, take)
        class_names = self._class_names or self._to_events.class_names
        self._events += self._to_events.close(OffsetReason.SOURCE_ENDED)
        return self._result(
            self._events, None, class_names, self._traces.traces(self._origin_ns), []
        )

    def _open_chain(self, stack: ExitStack) -> tuple[tuple[str, ...], TakeMessage]:
        """Return the topics to read, and the function that takes each of their messages.

        What must be closed afterwards goes on the stack.
        """
        if self._stage is Stage.SCORES:
            return self._open_scores()
        from bharnet_ros.pipeline.keypoints_to_scores import KeypointsToScores, open_recognition

        parameters = self._settings.parameters("recognition")
        if self._stage is Stage.KEYPOINTS:
            # The images of recorded keypoints are not read, so the skeleton decides alone.
            parameters = {**parameters, "use_rgb": False}
        sliding, rgb, _ = open_recognition(parameters)
        description = sliding.recognizer.description
        vocabulary = sliding.recognizer.vocabulary
        self._to_events.use_model(vocabulary.events, vocabulary.name)
        to_scores = KeypointsToScores(sliding, self._log, rgb)
        camera = find_camera(self._recording, self._topic, self._settings.camera_info_topic)
        if camera is not None:
            to_scores.take_camera(camera)

        def take_due(due: DueWindows | None) -> None:
            if due is not None:
                scores = to_scores.score(due)
                self._traces.take(scores)
                self._events += self._to_events.take_scores(scores) or []

        if self._stage is Stage.KEYPOINTS:

            def take_keypoints(one: Recorded) -> None:
                due, frame = to_scores.take(one.message)
                if frame is not None:
                    self._people.take(frame)
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
        to_keypoints = ImagesToKeypoints(
            extractor, self._log, extraction["frame_id"], extraction["frozen_timeout_s"]
        )
        to_keypoints.depth = self._depth

        def take_image(one: Recorded) -> None:
            frame = to_keypoints.take(one.message)
            if frame is not None:
                self._people.take(frame)
                take_due(to_scores.take_frame(frame, one.message))

        return (self._topic,), take_image

    def _open_scores(self) -> tuple[tuple[str, ...], TakeMessage]:
        info = self._model_info
        if self._settings.model is not None:
            description = self._bundle_description()
            for one in self._recording.messages(info) if info is not None else ():
                check_classes(self._recording, one, description.class_names, description.name)
            self._to_events.use_model(description.event_model(), None)
            return (self._topic,), lambda one: self._take_scores(one.message)
        if info is None:
            raise self._error(
                "nothing in the bag says what the classes are (model_info); name the model with "
                "--model"
            )
        self._class_names = recorded_classes(self._recording, info)
        _, problem = self._to_events.take_model(self._recording.first(info))
        if problem:
            raise InputError(f"{self._recording.path}: topic {info}: {problem}")
        info_count = 0

        def take(one: Recorded) -> None:
            nonlocal info_count
            if one.topic != info:
                self._take_scores(one.message)
                return
            info_count += 1
            # The topic is latched, so the first message holds from the start of the recording.
            if info_count > 1:
                events, problem = self._to_events.take_model(one.message)
                self._events += events
                if problem:
                    raise InputError(f"topic {info}: {problem}")

        return (self._topic, info), take

    def _take_scores(self, message: Message) -> None:
        taken = self._to_events.take(message)
        if taken is None:
            return
        scores, events = taken
        self._events += events
        names, everything = self._to_events.class_names, self._class_names
        if everything and names != everything:
            places = [everything.index(name) for name in names]
            scores = move_classes(scores, places, len(everything))
        self._traces.take(scores)

    def _bundle_description(self) -> BundleDescription:
        from bharnet_ros.recognition.bundle import load_bundle

        assert self._settings.model is not None
        return load_bundle(find_model(self._settings.model)).description

    def _run(self, topics: tuple[str, ...], take: TakeMessage) -> None:
        """Take every message of the topics; skip and note those that cannot be used."""
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
            raise self._error(self._log.rejected[-1])

    def _error(self, problem: object) -> InputError:
        return InputError(f"{self._recording.path}: topic {self._topic}: {problem}")

    def _result(
        self,
        events: list[ActionEvent],
        latencies_s: tuple[float, ...] | None,
        class_names: tuple[str, ...],
        traces: tuple[ScoreTrace, ...],
        notes: list[str],
    ) -> Replay:
        keypoints = topics_of(self._recording, Stage.KEYPOINTS)
        recorded_keypoints = keypoints[0] if len(keypoints) == 1 else None
        frames, dropped = self._count_frames(recorded_keypoints)
        counts = self._log.counts
        if self._stage in (Stage.EVENTS, Stage.SCORES) and recorded_keypoints is not None:
            self._sample_people(recorded_keypoints)
        notes += message_notes(self._log, self._topic)
        if self._depth is not None:
            notes += self._depth.notes()
        if self._stage is Stage.KEYPOINTS and counts[WITHOUT_DEPTH]:
            notes.append(
                f"{counts[WITHOUT_DEPTH]} frames on {self._topic} have no camera coordinates, "
                "but the model takes bodies in metres: in these frames the hands decide alone"
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
            keypoints=self._people.sequences(self._origin_ns),
        )

    def _sample_people(self, keypoints: Topic) -> None:
        """Sample the people of keypoints that were recorded beside scores or events."""
        for one in self._recording.messages(keypoints.name):
            with suppress(ValueError):
                self._people.take(keypoints_from_message(one.message))

    def _count_frames(self, keypoints: Topic | None) -> tuple[int, int]:
        """Return the number of frames used, and of images that did not become a frame.

        Args:
            keypoints: The only topic of recorded keypoints; None for none or several.
        """
        skipped = self._log.counts[DUPLICATES] + self._log.counts[LATE]
        if self._stage is Stage.IMAGES:
            return self._used - skipped, len(self._log.rejected) + self._log.counts[LATE]
        if self._stage is Stage.KEYPOINTS:
            frames = self._used - skipped
        else:
            frames = 0 if keypoints is None else keypoints.messages
        images = topics_of(self._recording, Stage.IMAGES)
        if not frames or len(images) != 1:
            return frames, 0
        return frames, max(0, images[0].messages - frames)
