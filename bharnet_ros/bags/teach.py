"""The command `bharnet teach`: learn gestures from a camera, clips or a recording."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from bharnet_ros.bags.examples import examples_in
from bharnet_ros.bags.replay_settings import ReplaySettings
from bharnet_ros.gestures.cutting import CutState
from bharnet_ros.gestures.gesture_set import (
    DESCRIPTION,
    GestureSet,
    open_gesture_set,
    write_gesture_set,
)
from bharnet_ros.gestures.lesson import Lesson
from bharnet_ros.gestures.teaching import Teacher
from bharnet_ros.pose.extractor import PoseExtractor
from bharnet_ros.pose.options import add_engine_arguments, engine_options
from bharnet_ros.recognition.bundle import load_bundle
from bharnet_ros.recognition.recognizer import Recognizer
from bharnet_ros.resources import find_model
from bharnet_ros.sources.frame import FrameSource
from bharnet_ros.sources.video import open_source
from bharnet_ros.types.actions import BACKGROUND
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoint_file import ClipKeypoints, from_frames
from bharnet_ros.types.keypoints import NANOSECONDS, FrameKeypoints

INCOMPLETE = 1

_COUNTDOWN_S = 3
_KEYPOINTS = ".npz"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `bharnet teach`."""
    parser.add_argument("names", nargs="*", metavar="NAME", help="gestures, in the order shown")
    parser.add_argument(
        "--gestures",
        required=True,
        type=Path,
        metavar="DIR",
        help="folder of the gesture set; made if it does not exist",
    )
    examples = parser.add_mutually_exclusive_group()
    examples.add_argument(
        "--source",
        default="0",
        metavar="SOURCE",
        help="where to watch: a webcam by its index or device, a video file, a folder of images or "
        "puppet:SCRIPT (default: 0, the first webcam)",
    )
    examples.add_argument(
        "--from",
        dest="clips",
        nargs="+",
        metavar="CLIP",
        help="take each of these whole clips, or keypoint files of `bharnet data extract`, as an "
        "example",
    )
    examples.add_argument(
        "--bag", type=Path, metavar="BAG", help="take all true actions of a recording as examples"
    )
    parser.add_argument(
        "--truth",
        metavar="TRUTH",
        help="the true actions of --bag: .csv, .txt (PKU-MMD) or topic:/name; those called "
        f"{BACKGROUND} are examples of what is no gesture; or the report.json of `bharnet evaluate "
        "bag`, to learn from the mistakes",
    )
    parser.add_argument(
        "--examples",
        type=int,
        default=5,
        metavar="N",
        help="how often to show each gesture (default: %(default)s)",
    )
    parser.add_argument(
        "--either-hand",
        action="store_true",
        help="the other side of the body may show the gesture too",
    )
    parser.add_argument(
        "--replace", action="store_true", help="forget the examples that a gesture has so far"
    )
    parser.add_argument(
        "--model",
        default="gestures",
        metavar="NAME",
        help="name or folder of the model bundle that learns (default: %(default)s)",
    )
    add_engine_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run `bharnet teach`; return the exit status: 0, or 1 if examples are missing.

    Raises:
        InputError: An argument, the source, the model or the set cannot be used; names it.
        OSError: A file cannot be read or written.
    """
    _check(arguments)
    folder = arguments.gestures
    gestures = _open(folder)
    # Windows and fits are too small to share among threads.
    threadpool_limits(1, user_api="blas")
    recognizer = Recognizer(load_bundle(find_model(arguments.model)), "cpu", threads=1)
    recognizer.warm_up()
    teacher = Teacher(recognizer)
    taken, missing = _collect(arguments, gestures, teacher)
    # Again, because a robot may have been taught the same set meanwhile.
    gestures = _open(folder)
    for name, examples in taken.items():
        if name == BACKGROUND:
            gestures = gestures.with_background(examples)
        else:
            gestures = gestures.with_examples(
                name, examples, instead=arguments.replace, either_hand=arguments.either_hand
            )
    if taken:
        started = time.perf_counter()
        teacher.teach(gestures, arguments.gestures.name)
        seconds = time.perf_counter() - started
        _save_set(arguments.gestures, gestures, teacher.recognizer)
        _summarise(arguments.gestures, gestures, taken, seconds)
    if missing:
        print(f"bharnet teach: too few examples were seen of: {', '.join(missing)}")
        return INCOMPLETE
    return 0


def _check(arguments: argparse.Namespace) -> None:
    """Check that the arguments fit each other, before anything takes time."""
    names = arguments.names
    if (arguments.bag is None) != (arguments.truth is None):
        raise InputError("--bag and --truth need each other")
    if arguments.bag is not None:
        if names:
            raise InputError("--bag: the truth names the gestures; name none")
        return
    if not names:
        raise InputError("NAME: name at least one gesture")
    if arguments.clips is not None and len(names) > 1:
        raise InputError("--from: its clips are examples of one gesture, but several are named")
    Lesson(names, arguments.examples)


def _collect(
    arguments: argparse.Namespace, known: GestureSet, teacher: Teacher
) -> tuple[dict[str, list[ClipKeypoints]], list[str]]:
    """Return the examples of each gesture, and the gestures of which too few were seen."""
    engine = engine_options(arguments)
    if arguments.bag is not None:
        settings = ReplaySettings(**engine)
        found = examples_in(arguments.bag, arguments.truth, settings, known=known.names)
        for note in found.notes:
            print(f"bharnet teach: left out: {note}", file=sys.stderr)
        return found.by_label, []
    if arguments.clips is not None:
        return {arguments.names[0]: [_clip(one, engine) for one in arguments.clips]}, []
    lesson = Lesson(arguments.names, arguments.examples)
    _watch(arguments.source, lesson, teacher, engine)
    taken = {name: examples for name, examples in lesson.taken.items() if examples}
    return taken, [
        name for name, examples in lesson.taken.items() if len(examples) < arguments.examples
    ]


def _open(folder: Path) -> GestureSet:
    """Return the set in a folder, an empty one if there is no folder yet."""
    return open_gesture_set(folder) if folder.exists() else GestureSet()


def _save_set(folder: Path, gestures: GestureSet, recognizer: Recognizer) -> None:
    """Write a set with the model that it was taught to.

    Raises:
        OSError: A file cannot be written; the set is as it was.
    """
    description = recognizer.description
    write_gesture_set(folder, gestures.used_with(description.name, description.weights_sha256))


def _clip(path: str, engine: Mapping[str, Any]) -> ClipKeypoints:
    """Return the keypoints of a whole clip."""
    if path.endswith(_KEYPOINTS):
        return ClipKeypoints.load(path)
    with open_source(path) as source:
        if source.live:
            raise InputError(f"--from: {source.name} is live; use --source")
        frames = list(_frames(source, engine))
    if not frames:
        raise InputError(f"--from: {path} has no frames that can be decoded")
    return from_frames(frames)


def _frames(source: FrameSource, engine: Mapping[str, Any]) -> Iterator[FrameKeypoints]:
    """Yield the keypoints of each frame; `engine` are arguments of the extractor."""
    with PoseExtractor(**engine) as extractor:
        for frame in source:
            yield extractor.extract(frame.image, round(frame.time * NANOSECONDS))


def _watch(name: str, lesson: Lesson, teacher: Teacher, engine: Mapping[str, Any]) -> None:
    """Watch a source until the lesson is over, the source ends or Ctrl-C: what was taken stays."""
    with open_source(name) as source, suppress(KeyboardInterrupt):
        frames = _frames(source, engine)
        if source.live:
            _count_down(frames)
        for frame in frames:
            step = lesson.push(frame)
            if step is not None and step.text:
                print(step.text, flush=True)
            if step is not None and step.state is CutState.TAKEN:
                # At once, so that little is left to do after the last example.
                teacher.embed(lesson.taken[step.gesture][-1])
            if lesson.gesture is None:
                return


def _count_down(frames: Iterator[FrameKeypoints]) -> None:
    """Print the seconds until the lesson begins, while the frames of the camera pass."""
    first = next(frames, None)
    left = _COUNTDOWN_S
    print(f"stand so that your body and hands are in view: {left}", end="", flush=True)
    for frame in frames:
        assert first is not None
        passed = (frame.stamp_ns - first.stamp_ns) / NANOSECONDS
        while left > max(_COUNTDOWN_S - passed, 0):
            left -= 1
            print(f" {left}" if left else "", end="", flush=True)
        if left == 0:
            break
    print(flush=True)


def _summarise(
    folder: Path,
    gestures: GestureSet,
    taken: Mapping[str, Sequence[ClipKeypoints]],
    seconds: float,
) -> None:
    for name, examples in taken.items():
        known = gestures.background if name == BACKGROUND else gestures.gestures[name]
        print(f"{name}: {len(examples)} examples added, {len(known)} in all")
    print(
        f"{folder / DESCRIPTION}: {len(gestures.names)} gestures, learned in {seconds:.2f} s; "
        f"bharnet run --gestures {folder}"
    )
