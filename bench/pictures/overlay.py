"""Draw docs/overlay.png and docs/teaching.png: the puppet, its keypoints, the recognised action.

    python -m bench.pictures.overlay
    bharnet teach wave --examples 5 --source puppet:own_gestures --gestures own
    python -m bench.pictures.overlay --script own_gestures --gestures own --out docs/teaching.png

Runs extraction, recognition and events on the puppet's images, as the nodes do, and draws the image
in which the first action begins.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from bench.command_line import run_bench
from bharnet_ros.gestures.gesture_set import read_gesture_set
from bharnet_ros.gestures.teaching import Teacher
from bharnet_ros.pose.drawing import draw_frame
from bharnet_ros.pose.extractor import PoseExtractor
from bharnet_ros.recognition.bundle import load_bundle
from bharnet_ros.recognition.events.finder import EventFinder
from bharnet_ros.recognition.recognizer import Recognizer
from bharnet_ros.recognition.sliding import SlidingRecognizer
from bharnet_ros.resources import find_model
from bharnet_ros.sources.puppet import open_puppet
from bharnet_ros.types.errors import InputError

OUT = Path(__file__).resolve().parents[2] / "docs" / "overlay.png"
SIZE = (400, 300)


def first_action(script: str, model: str, gestures: Path | None = None) -> npt.NDArray[np.uint8]:
    """Return the annotated (H, W, 3) RGB image in which the first action of a script begins.

    Args:
        script: Script of the puppet.
        model: Name or folder of a model bundle.
        gestures: Gesture set to recognise too.

    Raises:
        InputError: No action was recognised, or there is no such script or model.
    """
    recognizer = Recognizer(load_bundle(find_model(model)), "cpu")
    if gestures is not None:
        recognizer.teach(Teacher(recognizer).teach(read_gesture_set(gestures), gestures.name))
    sliding = SlidingRecognizer(recognizer)
    events_of = recognizer.vocabulary.events
    finder = EventFinder(events_of.class_names, events_of.parameters)
    with PoseExtractor() as extractor:
        for image, time, _ in open_puppet(script):
            keypoints = extractor.extract(image, round(time * 1e9))
            scores = sliding.update(keypoints)
            events = [] if scores is None else finder.update(scores)
            if events:
                actions = {event.track_id: f"{event.label} {event.score:.2f}" for event in events}
                return draw_frame(image, keypoints, actions)
    raise InputError(f"no action was recognised in puppet:{script}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw the picture and print its path and size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--script", default="iloveyou", help="script of the puppet")
    parser.add_argument("--model", default="gestures", help="name or folder of a model bundle")
    parser.add_argument("--gestures", type=Path, metavar="DIR", help="gesture set to recognise too")
    parser.add_argument("--out", type=Path, default=OUT, help="the .png to write")
    options = parser.parse_args(arguments)
    if options.out.suffix != ".png":
        raise InputError(f"--out: must name a .png file, got {options.out}")
    image = first_action(options.script, options.model, options.gestures)
    small = cv2.resize(cv2.cvtColor(image, cv2.COLOR_RGB2BGR), SIZE, interpolation=cv2.INTER_AREA)
    if not cv2.imwrite(str(options.out), small, [cv2.IMWRITE_PNG_COMPRESSION, 9]):
        raise OSError(f"{options.out}: cannot be written")
    print(f"{options.out}: {options.out.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    run_bench(main)
