"""Draw docs/report.png: the report of an invented evaluation, as a browser shows it.

    python -m bench.pictures.report [--seed 2] [--report FOLDER] [--out docs/report.png]

The report shows two recordings of puppets. Motion and truth are exact; scores are invented: a
sliding window whose confidence grows as it fills, with noise, and gestures that are faint or look
like others. Events are found in these scores as on a robot. The numbers say nothing about a model.
Needs selenium, chromium and its driver (Debian: apt install chromium chromium-driver).
"""

from __future__ import annotations

import argparse
import shlex
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from selenium import webdriver

from bench.command_line import run_bench
from bharnet_ros.evaluation.metrics.events import measure
from bharnet_ros.evaluation.report.page import PAGE, write_report
from bharnet_ros.recognition.events.finder import EventFinder, EventParameters
from bharnet_ros.sources.puppet.camera import Camera
from bharnet_ros.sources.puppet.motion.gestures import GESTURES, UNKNOWN, Style
from bharnet_ros.sources.puppet.motion.kinematics import landmarks
from bharnet_ros.sources.puppet.motion.performer import Act, Performer, standing
from bharnet_ros.types.actions import (
    BACKGROUND,
    ActionEvent,
    ActionScores,
    OffsetReason,
    TrackScores,
)
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import NANOSECONDS, KeypointSequence
from bharnet_ros.types.timeline import ScoreTrace, Timeline, found_events

OUT = Path(__file__).resolve().parents[2] / "docs" / "report.png"
SIZE = (1100, 1240)
CLASSES = (*GESTURES, BACKGROUND)
WINDOW_S, STRIDE_S, KEYPOINTS_S = 2.0, 0.1, 0.25
LOOKS_LIKE = {"sorry": "please", "no": "yes", "drinking": "thanks", "scratching_head": "hello"}
PARAMETERS = EventParameters(enter_threshold=0.65, exit_threshold=0.4, rejection_threshold=0.5)


def example(seed: int) -> tuple[Timeline, ...]:
    """Return two invented recordings: two minutes of one person, 75 seconds of two people."""
    random = np.random.default_rng(seed)
    one = [_performer("person", 0.0, 120.0, random)]
    two = [_performer("left", -0.35, 75.0, random), _performer("right", 0.35, 75.0, random)]
    return (
        _recording("corridor.mcap", one, 120.0, random),
        _recording("workshop.mcap", two, 75.0, random),
    )


def _performer(
    name: str, place: float, duration_s: float, random: np.random.Generator
) -> Performer:
    known, unknown = list(GESTURES.values()), list(UNKNOWN.values())
    acts: list[Act] = []
    time = float(random.uniform(1.0, 3.0))
    while time < duration_s - 7.0:
        pool = unknown if random.random() < 0.2 else known
        gesture = pool[int(random.integers(len(pool)))]
        acts.append(Act(gesture, time, Style.drawn(random)))
        time = acts[-1].end + float(random.uniform(0.8, 4.0))
    return Performer(name, acts, standing(place), phase=float(random.uniform(0, 9)))


def _recording(
    name: str, people: Sequence[Performer], duration_s: float, random: np.random.Generator
) -> Timeline:
    stamps = np.arange(WINDOW_S / 2, duration_s, STRIDE_S)
    tracks = {person.track_id: f"body_{number + 1}" for number, person in enumerate(people)}
    scores = {
        track: _scores(person, stamps, random)
        for person, track in zip(people, tracks.values(), strict=True)
    }
    events = _events(stamps, scores)
    return Timeline(
        name=name,
        duration_s=duration_s,
        truth=tuple(
            action
            for person in people
            for action in person.true_actions()
            if action.label in GESTURES
        ),
        events=found_events(events, 0, list(random.lognormal(-3.0, 0.35, len(events)))),
        class_names=CLASSES,
        traces=tuple(
            ScoreTrace(track, stamps, values.astype(np.float32)) for track, values in scores.items()
        ),
        frames=round(duration_s * 30),
        dropped=int(random.integers(5, 60)),
        keypoints=tuple(
            _keypoints(person, tracks[person.track_id], duration_s) for person in people
        ),
    )


def _scores(
    person: Performer, stamps: npt.NDArray[np.float64], random: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Return (S, K) probabilities of a sliding window whose confidence grows as it fills."""
    logits = np.zeros((len(stamps), len(CLASSES)))
    logits[:, CLASSES.index(BACKGROUND)] = 3.0
    for action in person.true_actions():
        covered = np.minimum(stamps, action.end_s) - np.maximum(stamps - WINDOW_S, action.start_s)
        full = np.clip(covered, 0.0, None) / WINDOW_S
        strength = float(random.uniform(3.0, 11.0))
        twin = LOOKS_LIKE.get(action.label)
        mixed = float(random.random()) if twin else 0.0
        if action.label in GESTURES:
            logits[:, CLASSES.index(action.label)] += (1.0 - mixed) * strength * full
        if twin:
            logits[:, CLASSES.index(twin)] += mixed * strength * full
    noise = random.normal(0.0, 0.35, logits.shape)
    for row in range(1, len(noise)):
        noise[row] = 0.85 * noise[row - 1] + noise[row]
    powers = np.exp(logits + noise)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _events(
    stamps: npt.NDArray[np.float64], scores: dict[str, npt.NDArray[np.float64]]
) -> list[ActionEvent]:
    finder = EventFinder(CLASSES, PARAMETERS)
    events: list[ActionEvent] = []
    for number, stamp in enumerate(stamps):
        end = round(float(stamp) * NANOSECONDS)
        begin = max(0, end - round(WINDOW_S * NANOSECONDS))
        people = tuple(
            TrackScores(track, begin, end, values[number], values[number], values[number])
            for track, values in scores.items()
        )
        events += finder.update(ActionScores(end, people))
    return events + finder.close(OffsetReason.SHUTDOWN)


def _keypoints(person: Performer, track: str, duration_s: float) -> KeypointSequence:
    stamps = np.arange(0.0, duration_s, KEYPOINTS_S)
    camera = Camera(640, 480)
    seen = [camera.see(*landmarks(person.pose(float(stamp))), track) for stamp in stamps]
    return KeypointSequence(
        stamps=stamps,
        body=np.stack([one.body for one in seen]),
        hands=np.stack([one.hands for one in seen]),
        hand_scores=np.stack([one.hand_scores for one in seen]),
        width=640,
        height=480,
        track_id=track,
    )


def open_browser(folder: Path, width: int, height: int) -> webdriver.Chrome:
    """Start Debian's chromium without a display, with its profile in a folder."""
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for flag in (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--hide-scrollbars",
        f"--user-data-dir={folder}",
        f"--window-size={width},{height}",
    ):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options, webdriver.ChromeService("/usr/bin/chromedriver"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw the picture and print its path and size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=2, help="random seed of the recordings")
    parser.add_argument("--report", type=Path, help="folder in which the report is kept")
    parser.add_argument("--out", type=Path, default=OUT, help="the .png to write")
    options = parser.parse_args(arguments)
    if options.seed < 0:
        raise InputError(f"--seed: must not be negative, got {options.seed}")
    timelines = example(options.seed)
    command = shlex.join(["python", "-m", "bench.pictures.report", "--seed", str(options.seed)])
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.report or Path(temporary) / "report"
        write_report(folder, timelines, measure(timelines), command=command)
        browser = open_browser(Path(temporary) / "profile", *SIZE)
        try:
            browser.get((folder.resolve() / PAGE).as_uri())
            if not browser.save_screenshot(str(options.out)):
                raise OSError(f"{options.out}: cannot be written")
        finally:
            browser.quit()
    print(f"{options.out}: {options.out.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    run_bench(main)
