"""Draw docs/overlay.png: the puppet, what is found of it, and the action that is recognised.

python -m bench.pictures.overlay [--script iloveyou] [--out docs/overlay.png]

Runs extraction, recognition and events on the puppet's images as the nodes do, until the first
action begins, and keeps that image.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from bharnet_ros.pose.drawing import draw_frame
from bharnet_ros.pose.extractor import PoseExtractor
from bharnet_ros.recognition.bundle import load_bundle
from bharnet_ros.recognition.events.finder import EventFinder
from bharnet_ros.recognition.recognizer import Recognizer
from bharnet_ros.recognition.sliding import SlidingRecognizer
from bharnet_ros.resources import find_model
from bharnet_ros.sources.puppet import open_puppet

OUT = Path(__file__).resolve().parents[2] / "docs" / "overlay.png"
SIZE = (400, 300)


def first_action(script: str, model: str) -> npt.NDArray[np.uint8]:
    """Return the (H, W, 3) RGB image in which the first action of a script begins, annotated.

    Raises:
        ValueError: Nothing was recognised, or there is no such script or model.
    """
    bundle = load_bundle(find_model(model))
    description = bundle.description
    stream = SlidingRecognizer(Recognizer(bundle, "cpu"))
    detector = EventFinder(description.class_names, description.event_parameters())
    with PoseExtractor() as extractor:
        for image, time, _ in open_puppet(script):
            keypoints = extractor.extract(image, round(time * 1e9))
            scores = stream.update(keypoints)
            events = [] if scores is None else detector.update(scores)
            if events:
                actions = {event.track_id: f"{event.label} {event.score:.2f}" for event in events}
                return draw_frame(image, keypoints, actions)
    raise ValueError(f"no action was recognised in puppet:{script}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw the picture and say where it is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--script", default="iloveyou", help="what the puppet does")
    parser.add_argument("--model", default="gestures", help="name or folder of a model bundle")
    parser.add_argument("--out", type=Path, default=OUT, help="the .png to write")
    options = parser.parse_args(arguments)
    image = first_action(options.script, options.model)
    small = cv2.resize(cv2.cvtColor(image, cv2.COLOR_RGB2BGR), SIZE, interpolation=cv2.INTER_AREA)
    if not cv2.imwrite(str(options.out), small, [cv2.IMWRITE_PNG_COMPRESSION, 9]):
        raise OSError(f"{options.out}: cannot be written")
    print(f"{options.out}: {options.out.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
