"""Other settings between two frames, with fake engines that need no networks."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from bharnet_ros.pose import engines
from bharnet_ros.pose.engines import EngineSettings
from bharnet_ros.pose.extractor import PoseExtractor
from bharnet_ros.pose.scene import BodyLandmarks, Scene
from bharnet_ros.types.errors import InputError

BODY = np.linspace(0.25, 0.75, 33 * 4, dtype=np.float32).reshape(33, 4)
WORLD = np.linspace(-0.5, 0.5, 33 * 3, dtype=np.float32).reshape(33, 3)
IMAGE = np.zeros((100, 200, 3), dtype=np.uint8)
STEP = 50_000_000


class FakeEngine:
    """Finds the same body in every image; changes confidences only without another engine."""

    def __init__(self, settings: EngineSettings) -> None:
        self.settings = settings
        self.frames: list[int] = []
        self.closed = False

    def process(self, image: np.ndarray, stamp_ns: int) -> Callable[[], Scene]:
        self.frames.append(stamp_ns)

        def scene() -> Scene:
            assert not self.closed
            return Scene((BodyLandmarks(BODY, WORLD, (None, None)),), ())

        return scene

    def change(self, settings: EngineSettings) -> Callable[[], None] | None:
        if settings.max_people != self.settings.max_people:
            return None

        def change() -> None:
            self.settings = settings

        return change

    def reset(self) -> None:
        self.frames.clear()

    def close(self) -> None:
        assert not self.closed
        self.closed = True


@pytest.fixture
def opened(monkeypatch) -> list[FakeEngine]:
    """Register the engines `fake` and `other`; return all that are opened."""
    opened: list[FakeEngine] = []

    def open_engine(settings: EngineSettings) -> FakeEngine:
        if settings.model_folder:
            raise InputError(f"model_folder: {settings.model_folder} is missing")
        opened.append(FakeEngine(settings))
        return opened[-1]

    for name in ("fake", "other"):
        module = ModuleType(f"{name}_engine_that_changes")
        module.open_engine = open_engine
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setitem(engines.ENGINES, name, module.__name__)
    return opened


def names(extractor: PoseExtractor, stamp: int) -> list[str]:
    return [person.track_id for person in extractor.extract(IMAGE, stamp * STEP).people]


def test_what_an_engine_can_change_itself_holds_from_the_next_frame_on(opened):
    with PoseExtractor(engine="fake") as extractor:
        known = names(extractor, 1)
        change = extractor.load_change(engine="fake", min_tracking_confidence=0.9)
        assert opened[0].settings == EngineSettings()
        change()
        assert names(extractor, 2) == known
        assert opened[0].settings == replace(EngineSettings(), min_tracking_confidence=0.9)
    assert len(opened) == 1


@pytest.mark.parametrize("wanted", [{"engine": "fake", "max_people": 2}, {"engine": "other"}])
def test_another_engine_takes_over_between_two_frames_and_keeps_people(opened, wanted):
    with PoseExtractor(engine="fake") as extractor:
        known = names(extractor, 1)
        change = extractor.load_change(**wanted)
        assert names(extractor, 2) == known and len(opened[0].frames) == 2
        change()
        pending = extractor.run_networks(IMAGE, 3 * STEP)
        assert opened[1].frames == [3 * STEP] and not opened[0].closed
        assert [person.track_id for person in extractor.interpret(pending).people] == known
        assert opened[0].closed and not opened[1].closed
        assert extractor.engine_name == wanted["engine"]
    assert opened[1].closed


def test_the_newest_of_two_changes_before_a_frame_wins(opened):
    with PoseExtractor(engine="fake") as extractor:
        names(extractor, 1)
        extractor.load_change(engine="fake", max_people=2)()
        extractor.load_change(engine="fake")()
        names(extractor, 2)
        (at_work,) = [one for one in opened if not one.closed]
        assert at_work.settings == EngineSettings() and at_work.frames == [2 * STEP]


def test_an_engine_that_waits_for_its_first_frame_is_changed(opened):
    with PoseExtractor(engine="fake") as extractor:
        names(extractor, 1)
        wanted = {"max_people": 2, "min_tracking_confidence": 0.9}
        extractor.load_change(engine="fake", max_people=2)()
        extractor.load_change(engine="fake", **wanted)()
        assert len(opened) == 2 and not opened[1].frames
        names(extractor, 2)
        assert opened[1].settings == replace(EngineSettings(), **wanted)
        assert opened[1].frames == [2 * STEP] and opened[0].closed


def test_outputs_of_the_engine_before_are_still_interpreted(opened):
    with PoseExtractor(engine="fake") as extractor:
        before = extractor.run_networks(IMAGE, STEP)
        extractor.load_change(engine="other")()
        after = extractor.run_networks(IMAGE, 2 * STEP)
        people = [extractor.interpret(one).people for one in (before, after)]
        assert [len(one) for one in people] == [1, 1]
        assert people[0][0].track_id == people[1][0].track_id


def test_every_engine_is_closed_even_if_no_frame_follows(opened):
    extractor = PoseExtractor(engine="fake")
    extractor.load_change(engine="other")()
    extractor.close()
    assert [one.closed for one in opened] == [True, True]


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [
        ({"engine": "other", "model_folder": "/nowhere"}, "model_folder: /nowhere is missing"),
        ({"engine": "third"}, "engine: 'third' is not one of"),
        ({"engine": "fake", "min_tracking_confidence": 1.5}, "min_tracking_confidence"),
    ],
)
def test_what_cannot_be_loaded_changes_nothing(opened, wanted, problem):
    with PoseExtractor(engine="fake") as extractor:
        known = names(extractor, 1)
        with pytest.raises(InputError, match=problem):
            extractor.load_change(**wanted)
        assert names(extractor, 2) == known and extractor.engine_name == "fake"
