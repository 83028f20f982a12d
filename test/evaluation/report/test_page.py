"""Reports are complete, reproducible, safe and bounded in size."""

from __future__ import annotations

import errno
import json
import math
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
from full_disk import full_disk

from bharnet_ros.evaluation.metrics.events import measure
from bharnet_ros.evaluation.report import page
from bharnet_ros.evaluation.report.page import NUMBERS, PAGE, write_report
from bharnet_ros.types.keypoints import KeypointSequence
from bharnet_ros.types.timeline import FoundEvent, ScoreTrace, Timeline, TrueAction

CLASSES = ("wave", "nod", "background")


def event(label: str, start_s: float, end_s: float, **fields: Any) -> FoundEvent:
    """Return an event of "body_1" that was published a second after its start."""
    times = {"onset_s": start_s + 1.0, "offset_s": end_s + 1.0}
    known = {"score": 0.9, "track_id": "body_1", "latency_s": 0.05}
    return FoundEvent(label, start_s, end_s, **{**times, **known, **fields})


def person(track: str, duration_s: float) -> KeypointSequence:
    """Return a person with all body landmarks and no hands, at four frames a second."""
    stamps = np.arange(0.0, duration_s, 0.25)
    body = np.random.default_rng(0).uniform(50, 400, (1, 33, 4)).repeat(len(stamps), axis=0)
    body[:, :, 3] = 1.0
    hands = np.full((len(stamps), 2, 21, 3), np.nan)
    return KeypointSequence(stamps, body, hands, np.zeros((len(stamps), 2)), track_id=track)


def scores(track: str, duration_s: float) -> ScoreTrace:
    """Return ten scores a second."""
    stamps = np.arange(0.0, duration_s, 0.1)
    wave = 0.5 + 0.45 * np.sin(stamps)
    values = np.stack([wave, 0.5 * (1 - wave), 0.5 * (1 - wave)], axis=1)
    return ScoreTrace(track, stamps, values.astype(np.float32))


def recording(name: str = "hall", **fields: Any) -> Timeline:
    """Return a minute with one match and one mistake of each kind."""
    known: dict[str, Any] = {
        "duration_s": 60.0,
        "truth": (
            TrueAction("wave", 5.0, 8.0, "ann"),
            TrueAction("nod", 15.0, 18.0, "ann"),
            TrueAction("wave", 25.0, 28.0, "ann"),
            TrueAction("nod", 35.0, 38.0, "ann"),
            TrueAction("background", 39.0, 60.0, "ann"),
        ),
        "events": (
            event("wave", 5.1, 8.2),
            event("wave", 15.0, 18.0),
            event("nod", 37.0, 41.0, score=np.float32(0.7)),
            event("wave", 50.0, 52.0, latency_s=math.nan),
        ),
        "class_names": CLASSES,
        "traces": (scores("body_1", 60.0),),
        "frames": 1800,
        "dropped": 3,
        "keypoints": (person("body_1", 60.0),),
    }
    return Timeline(name, **{**known, **fields})


def empty(name: str = "hall") -> Timeline:
    """Return a recording without truth and events."""
    return Timeline(name, 1.0, truth=(), events=())


def written(folder: Path, *timelines: Timeline, command: str = "") -> tuple[str, dict[str, Any]]:
    """Write a report and return its page and its numbers."""
    write_report(folder, timelines, measure(timelines), command=command)
    assert sorted(file.name for file in folder.iterdir()) == [PAGE, NUMBERS]
    page = (folder / PAGE).read_text(encoding="utf-8")
    return page, json.loads((folder / NUMBERS).read_text(encoding="utf-8"))


class _Outline(HTMLParser):
    """Collects the elements and ids of a page, and the addresses that it would load."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in ("src", "href", "xlink:href", "srcset", "action") and value:
                self.loaded.append(value)


def outline(page: str) -> _Outline:
    """Return the outline of a page."""
    parser = _Outline()
    parser.feed(page)
    return parser


def test_the_page_shows_numbers_people_and_all_mistakes(tmp_path: Path) -> None:
    page, numbers = written(tmp_path / "out", recording(), command="bharnet evaluate bag hall.mcap")
    assert "1 of 4 true actions were found" in page
    assert "bharnet evaluate bag hall.mcap" in page
    for headline in (
        "“nod” taken for “wave”",
        "“wave” missed",
        "“nod” at the wrong time",
        "“wave” found without a true action",
    ):
        assert headline in page
    assert "ann (found as body_1)" in page
    assert (
        page.count("The person&#39;s keypoints at") + page.count("The person&#x27;s keypoints at")
        == 4
    )
    assert numbers["metrics"]["total"]["matched"] == 1
    assert numbers["command"] == "bharnet evaluate bag hall.mcap"


def test_report_json_has_all_true_actions_and_events(tmp_path: Path) -> None:
    _, numbers = written(tmp_path / "out", recording())
    (stored,) = numbers["recordings"]
    assert numbers["format"] == page.FORMAT
    assert (stored["name"], stored["duration_s"], stored["frames"], stored["dropped"]) == (
        "hall",
        60.0,
        1800,
        3,
    )
    assert [action["label"] for action in stored["truth"]] == [
        "wave",
        "nod",
        "wave",
        "nod",
        "background",
    ]
    assert stored["events"][2]["score"] == pytest.approx(0.7)
    assert stored["events"][3]["latency_s"] is None
    assert numbers["metrics"]["mistakes"][0]["kind"] in {
        "missed",
        "false",
        "wrong_label",
        "badly_timed",
    }


def test_the_bytes_do_not_depend_on_matplotlib_settings(tmp_path: Path) -> None:
    written(tmp_path / "first", recording())
    with matplotlib.rc_context({"font.size": 30.0, "text.color": "red", "savefig.dpi": 300}):
        written(tmp_path / "second", recording())
    for file in (PAGE, NUMBERS):
        assert (tmp_path / "first" / file).read_bytes() == (tmp_path / "second" / file).read_bytes()


def test_the_page_loads_nothing_and_its_ids_are_unique(tmp_path: Path) -> None:
    page, _ = written(tmp_path / "out", recording(), recording("yard"))
    found = outline(page)
    assert not re.search(r"https?:|@import|url\((?!#)", page)
    assert all(place.startswith("#") or place == "data:," for place in found.loaded)
    assert "script" not in found.tags
    assert len(found.ids) == len(set(found.ids))
    assert {place[1:] for place in found.loaded if place.startswith("#")} <= set(found.ids)
    assert set(re.findall(r"url\(#([^)]+)\)", page)) <= set(found.ids)
    # Every colour is defined by the page, so that it follows light and dark.
    drawn = page[page.index("</style>") :]
    assert not re.search(r"(fill|stroke): ?#", drawn)


def test_names_from_recordings_are_escaped(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>$x_1$"
    nasty = recording(
        evil,
        truth=(TrueAction(evil, 5.0, 15.0, evil),),
        events=(event(evil, 5.0, 15.0, track_id=evil, reason=evil),),
        class_names=(evil, "nod", "background"),
        traces=(scores(evil, 60.0),),
    )
    page, numbers = written(tmp_path / "out", nasty, command=evil)
    assert "script" not in outline(page).tags
    assert "&lt;script&gt;alert(1)&lt;/script&gt;$x_1$" in page
    assert numbers["recordings"][0]["name"] == evil


@pytest.mark.parametrize(
    "fields",
    [
        {"truth": (), "events": ()},
        {"events": ()},
        {"truth": ()},
        {"traces": (), "keypoints": (), "class_names": ()},
        {"duration_s": 0.0, "truth": (), "events": (), "traces": (), "keypoints": ()},
        {"truth": (TrueAction("wave", 3.0, 3.0),), "events": (event("wave", 3.0, 3.0),)},
    ],
    ids=["nothing", "nothing found", "nothing true", "events alone", "empty", "instants"],
)
def test_a_report_is_written_whatever_is_missing(tmp_path: Path, fields: dict[str, Any]) -> None:
    page, _ = written(tmp_path / "out", recording(**fields))
    assert "nan" not in outline(page).tags
    assert not re.search(r"\bnan\b", page)


@pytest.mark.slow
def test_hours_with_thousands_of_events_give_a_page_below_4_megabytes(tmp_path: Path) -> None:
    starts = np.arange(10.0, 4 * 3600.0, 6.0)
    long = recording(
        duration_s=4 * 3600.0,
        truth=tuple(TrueAction("wave", start, start + 2.0, "ann") for start in starts),
        events=tuple(event("wave", start, start + 2.0 + start % 4) for start in starts),
        traces=(scores("body_1", 4 * 3600.0),),
    )
    page, numbers = written(tmp_path / "out", long)
    assert len(page) < 4_000_000
    assert "mistakes first" in page
    assert "events are not shown" in page
    assert len(numbers["recordings"][0]["events"]) == len(starts)


def test_only_some_of_many_recordings_are_drawn_and_the_rest_counted(tmp_path: Path) -> None:
    page, numbers = written(tmp_path / "out", *(empty(f"bag {number}") for number in range(25)))
    assert "5 recordings with fewer mistakes are not drawn" in page
    assert len(numbers["recordings"]) == 25


def test_an_older_report_is_replaced(tmp_path: Path) -> None:
    written(tmp_path / "out", empty())
    page, _ = written(tmp_path / "out", empty("yard"))
    assert "Timeline of yard" in page
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_other_files_and_folders_are_refused_and_kept(tmp_path: Path) -> None:
    timelines = (empty(),)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("precious")
    with pytest.raises(ValueError, match=r"out: is not a report, it holds thesis\.tex"):
        write_report(tmp_path / "out", timelines, measure(timelines))
    assert (tmp_path / "out" / "thesis.tex").read_text() == "precious"
    (tmp_path / "file").write_text("precious")
    with pytest.raises(ValueError, match="file: is a file"):
        write_report(tmp_path / "file", timelines, measure(timelines))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "out"]


def test_two_recordings_with_the_same_name_are_refused(tmp_path: Path) -> None:
    timelines = (empty(), empty())
    with pytest.raises(ValueError, match="'hall'"):
        write_report(tmp_path / "out", timelines, measure(timelines))
    assert not list(tmp_path.iterdir())


def test_a_report_on_a_full_disk_leaves_the_older_one(tmp_path: Path) -> None:
    written(tmp_path / "out", empty())
    before = (tmp_path / "out" / PAGE).read_bytes()
    timelines = (empty("yard"),)
    for name in ("out", "other"):
        with pytest.raises(OSError, match=f"{tmp_path / name}") as failure, full_disk():
            write_report(tmp_path / name, timelines, measure(timelines))
        assert failure.value.errno == errno.EFBIG
    assert (tmp_path / "out" / PAGE).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
