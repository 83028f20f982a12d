"""Actions found in a recording, written as a first guess at its truth."""

from __future__ import annotations

from pathlib import Path

import pytest

from bharnet_ros import cli
from bharnet_ros.bags.label import guess_truth
from bharnet_ros.bags.reading import Recording
from bharnet_ros.bags.replay_settings import ReplaySettings
from bharnet_ros.bags.truth import read_truth


def test_what_is_found_is_written_and_read_again_as_truth(
    tmp_path: Path, messages, write_bag, capsys: pytest.CaptureFixture[str]
) -> None:
    bag = write_bag(tmp_path / "bag", messages.waving([(2.0, 3.5), (6.0, 7.0)], until=10.0))
    assert cli.main(["label", str(bag)]) == 0
    table = tmp_path / "bag.truth.csv"
    assert f"{table}: 2 actions" in capsys.readouterr().out
    with Recording(bag) as recording:
        actions = [row.action for row in read_truth(str(table), recording, messages.start_ns)]
    assert [(one.label, one.track_id) for one in actions] == [("wave", "body_1")] * 2
    assert [one.start_s for one in actions] == pytest.approx([2.0, 6.0], abs=0.5)
    assert [one.end_s for one in actions] == pytest.approx([3.5, 7.0], abs=0.5)

    assert cli.main(["label", str(bag)]) == 2
    assert f"{table} exists already" in capsys.readouterr().err


def test_of_two_events_of_a_person_at_once_the_later_is_shortened(
    tmp_path: Path, messages, write_bag
) -> None:
    rows = [
        (
            "action_recognition",
            messages.event(name, phase, at, start, end, track_id=track, reason=reason),
        )
        for name, phase, at, start, end, track, reason in (
            ("a", 1, 1.5, 1.0, 1.0, "body_1", ""),
            ("b", 1, 2.6, 2.5, 2.5, "body_1", ""),
            ("c", 1, 2.6, 2.5, 2.5, "body_2", ""),
            ("a", 2, 3.0, 1.0, 3.0, "body_1", "ended"),
            ("b", 2, 4.0, 2.5, 4.0, "body_1", "ended"),
            ("c", 2, 4.0, 2.5, 4.0, "body_2", "ended"),
        )
    ]
    bag = write_bag(tmp_path / "bag", [("model_info", messages.model_info()), *rows])
    actions = guess_truth(bag, ReplaySettings(), progress=False)
    spans = {(one.track_id, one.start_s, one.end_s) for one in actions}
    # Without images or scores, times count from when the recording began.
    assert spans == {("body_1", 1.0, 3.0), ("body_1", 3.0, 4.0), ("body_2", 2.5, 4.0)}
