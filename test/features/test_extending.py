"""The code in docs/extending.md: its stream can be trained, measured and run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pytorch_lightning", reason="training needs pytorch-lightning")

from bharnet_ros import cli
from bharnet_ros.datasets.base import ClipDataset, RecordedClip
from bharnet_ros.features.streams import STREAM_INPUTS
from bharnet_ros.network.streams import STREAMS
from bharnet_ros.recognition.bundle import load_bundle
from bharnet_ros.recognition.recognizer import Recognizer
from bharnet_ros.recognition.sliding import SlidingRecognizer
from bharnet_ros.training import train
from bharnet_ros.training.store.cache import cached_clips
from bharnet_ros.training.store.clips import store_clips
from bharnet_ros.types.keypoints import FrameKeypoints, KeypointSequence, PersonKeypoints
from bharnet_ros.types.layouts import get_layout
from bharnet_ros.types.sensor_readings import Readings
from research.network_cost import network_cost

pytestmark = pytest.mark.slow

PAGE = Path(__file__).resolve().parents[2] / "docs" / "extending.md"

SETTINGS = """
name: watch
class_names: all
features: {frames: 8}
body: {channels: [8], depths: [1]}
hand: {channels: [8], depths: [1]}
streams: {inertial: {channels: 16, moments: 4}}
augmentation: {rest_probability: 0.0, background_rest_probability: 0.0}
epochs: 30
batch_size: 16
learning_rate: 0.01
average_decay: 0.5
"""


@pytest.fixture(scope="module")
def page() -> Iterator[dict[str, Any]]:
    """Run the code of the page; return what it defines."""
    names: dict[str, Any] = {"__name__": "extending"}
    for code in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL):
        exec(code, names)
    yield names
    del STREAMS["inertial"], STREAM_INPUTS["inertial"]


class Watches(ClipDataset):
    """People who move alike, and whose smart watches distinguish two labels."""

    def __init__(self, page: dict[str, Any], cropped: Any) -> None:
        self._people = []
        for label, sign in (("stir", 1.0), ("shake", -1.0)):
            for seed in range(12):
                random = np.random.default_rng(seed)
                person = replace(cropped.holding("cup", seed, crops=False), label=label)
                stamps = np.arange(70) / 100
                values = sign + random.normal(0, 0.3, (70, 6)).astype(np.float32)
                made: KeypointSequence = page["with_readings"](person, stamps, values)
                self._people.append(made)
        self.labels = np.asarray([one.label for one in self._people])
        self.names = np.asarray([f"clip {number}" for number in range(len(self._people))])
        self.subjects = np.asarray([one.subject for one in self._people])

    @property
    def protocols(self) -> tuple[str, ...]:
        return ("seed",)

    def parts(self, protocol: str, file: Path | None) -> Any:
        testing = np.arange(len(self)) % 12 >= 8
        return ~testing, testing

    def clip(self, index: int) -> RecordedClip:
        person = self._people[index]
        return RecordedClip(str(self.names[index]), (person,), str(self.labels[index]))


def test_the_stream_of_the_page_can_be_trained_measured_and_run(
    page: dict[str, Any], cropped: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = Watches(page, cropped)
    monkeypatch.setattr(train, "open_from", lambda arguments: (data, "watches"))
    config = tmp_path / "watch.yaml"
    config.write_text(SETTINGS, encoding="utf-8")
    words = ("--config", config, "--data", tmp_path, "--protocol", "seed", "--device", "cpu")
    out = ("--out", tmp_path / "model", "--validate-every", "50")
    assert cli.main(["train", *map(str, (*words, *out))]) == 0

    bundle = load_bundle(tmp_path / "model")
    assert bundle.description.metrics["top1"] == 1.0
    assert bundle.description.metrics["stream_top1"] == {"inertial": 1.0}
    assert bundle.description.metrics["skeleton_top1"] == 0.5
    assert network_cost(bundle.description).streams == ("inertial",)

    recognizer = Recognizer(bundle, "cpu")
    recognizer.warm_up()
    person = data.clip(0).people[0]
    complete = recognizer.logits([person])
    blind = recognizer.logits([replace(person, readings={})])
    assert complete.stream_seen.all() and not blind.stream_seen.any()
    assert np.array_equal(blind.ensemble, blind.skeleton)

    for label, sign in (("stir", 1.0), ("shake", -1.0)):
        assert recognizer.description.class_names[live_class(recognizer, sign)] == label


def live_class(recognizer: Recognizer, sign: float) -> int:
    """Return the class of a person whose watch gives readings between the frames of a camera."""
    sliding = SlidingRecognizer(recognizer, stride_s=0.0, least_fill=0.0)
    random = np.random.default_rng(5)
    for number in range(50):
        body = random.uniform(100, 300, (33, 4)).astype(np.float32)
        body[:, 3] = 1.0
        stamp = number * 50_000_000
        scores = sliding.update(
            FrameKeypoints(stamp, 640, 480, (PersonKeypoints("ann", body=body),))
        )
        for later in (1, 2, 3, 4):
            values = np.full(6, sign, dtype=np.float32)
            sliding.add_reading("ann", "inertial", stamp + later * 10_000_000, values)
        sliding.add_reading("nobody", "inertial", stamp, np.zeros(6, dtype=np.float32))
    assert scores is not None
    with pytest.raises(ValueError, match="stamp_ns: inertial: 0 is not after"):
        sliding.add_reading("ann", "inertial", 0, np.zeros(6, dtype=np.float32))
    return int(scores.tracks[0].probabilities.argmax())


def test_readings_are_kept_in_the_cache(page: dict[str, Any], cropped: Any, tmp_path: Path) -> None:
    data, layout = Watches(page, cropped), get_layout("mediapipe_upper_body")
    everything = np.arange(len(data))
    expected = store_clips(data.clips(everything), layout)
    for _ in range(2):
        found = cached_clips(tmp_path / "cache", [PAGE], data.clips(everything), layout, {})
        assert set(found.readings) == {"inertial"}
        for clip in (0, 23):
            one, other = found.readings["inertial"].of(clip), expected.readings["inertial"].of(clip)
            assert one is not None and other is not None
            np.testing.assert_array_equal(one.values, other.values)
            np.testing.assert_array_equal(one.stamps, other.stamps)


def test_readings_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="stamps, values"):
        Readings(np.arange(3.0), np.zeros((2, 6)))
    with pytest.raises(ValueError, match="stamps: must increase"):
        Readings(np.zeros(2), np.zeros((2, 6)))
