"""Open events in a file, and what the next process makes of it."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from open_event import ONSET

from bharnet_ros.recognition.events.journal import EventJournal
from bharnet_ros.types.actions import ActionEvent, OffsetReason, Phase
from bharnet_ros.types.errors import InputError


def offset(reason: OffsetReason) -> ActionEvent:
    return replace(ONSET, phase=Phase.OFFSET, reason=reason)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "events.json"


def test_what_is_open_is_ended_by_the_next_process(path: Path) -> None:
    journal = EventJournal(path)
    assert journal.begin() == []
    journal.begun([ONSET])
    journal.close()  # as the kernel does for a killed process

    successor = EventJournal(path)
    left = successor.begin()
    assert left == [offset(OffsetReason.PUBLISHER_LOST)]
    successor.close()  # killed before they left
    successor = EventJournal(path)
    assert successor.begin() == left
    successor.ended(left)
    successor.close()
    assert EventJournal(path).begin() == []


def test_what_has_ended_is_not_ended_again(path: Path) -> None:
    journal = EventJournal(path)
    journal.begin()
    journal.begun([ONSET, offset(OffsetReason.ENDED)])
    journal.ended([ONSET])
    assert json.loads(path.read_text())["open"]
    journal.ended([offset(OffsetReason.ENDED)])
    journal.close()
    assert EventJournal(path).begin() == []


def test_two_processes_do_not_share_a_file(path: Path) -> None:
    journal = EventJournal(path)
    journal.begin()
    journal.begun([ONSET])
    code = f"""
from pathlib import Path
from bharnet_ros.recognition.events.journal import EventJournal
from bharnet_ros.types.errors import InputError
other = EventJournal(Path({str(path)!r}))
try:
    other.begin()
except InputError as error:
    print(error)
other.begun([])
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == f"{path}: is used by another process"
    journal.close()
    assert len(EventJournal(path).begin()) == 1


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"version": 2, "open": []}',
        '{"version": 1, "open": [{}]}',
        "\x00",
        "[" * 9999,
    ],
)
def test_a_broken_file_is_named_and_begun_anew(path: Path, content: str) -> None:
    path.parent.mkdir()
    path.write_text(content)
    journal = EventJournal(path)
    with pytest.raises(InputError, match=f"{path}: is no journal of events"):
        journal.begin()
    journal.begun([ONSET])
    journal.close()
    assert len(EventJournal(path).begin()) == 1


def test_a_folder_that_cannot_be_written_raises_an_error_of_the_system(path: Path) -> None:
    path.parent.write_text("a file in place of the folder")
    with pytest.raises(OSError, match="home"):
        EventJournal(path).begin()
