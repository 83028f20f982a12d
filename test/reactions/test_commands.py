"""Commands of reactions, run for real."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bharnet_ros.reactions.commands import Commands
from bharnet_ros.reactions.reaction import PLACEHOLDERS, Run

WRITE = "import sys; open(sys.argv[1], 'w').write(repr(sys.argv[2:]))"


def said(**values: str) -> dict[str, str]:
    return {**dict.fromkeys(PLACEHOLDERS, "x"), **{f"{{{k}}}": v for k, v in values.items()}}


@pytest.fixture
def commands() -> Iterator[Commands]:
    commands = Commands()
    yield commands
    commands.close()


def ended(commands: Commands) -> dict[str, int]:
    """Wait for commands to end."""
    deadline = time.monotonic() + 60.0
    while not (statuses := commands.ended()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return statuses


def test_what_the_event_says_is_an_argument_that_no_shell_reads(
    commands: Commands, tmp_path: Path
) -> None:
    file = tmp_path / "arguments"
    words = (sys.executable, "-c", WRITE, str(file), "{label}", "$HOME;", "{track_id}")
    commands.start("one", Run(words), said(label="hello", track_id="a b; rm *"))
    assert ended(commands) == {"one": 0}
    assert file.read_text() == repr(["hello", "$HOME;", "a b; rm *"])


@pytest.mark.parametrize("track_id", ["--all", "-x", "a\0b", "a\nb"])
def test_an_event_cannot_choose_options(commands: Commands, tmp_path: Path, track_id: str) -> None:
    file = tmp_path / "arguments"
    words = (sys.executable, "-c", WRITE, str(file), "{track_id}")
    with pytest.raises(ValueError, match="which is no argument"):
        commands.start("one", Run(words), said(track_id=track_id))
    # Where it is not asked for, it does no harm.
    commands.start("one", Run(words[:-1]), said(track_id=track_id))
    assert ended(commands) == {"one": 0}


def test_a_status_is_told_once_for_each_reaction(commands: Commands) -> None:
    commands.start("one", Run((sys.executable, "-c", "raise SystemExit(3)")), said())
    assert ended(commands) == {"one": 3}
    assert commands.ended() == {}


def test_a_command_that_still_runs_is_not_run_again(commands: Commands) -> None:
    sleep = Run((sys.executable, "-c", "import time; time.sleep(60)"))
    commands.start("one", sleep, said())
    with pytest.raises(ValueError, match="the last one still runs"):
        commands.start("one", sleep, said())
    commands.start("two", sleep, said())


def test_closing_ends_commands_and_what_they_started(tmp_path: Path) -> None:
    started = tmp_path / "started"
    sleep = "import time; time.sleep(60)"
    code = (
        f"import subprocess, sys, pathlib; child = subprocess.Popen([sys.executable, '-c', "
        f"{sleep!r}]); pathlib.Path({str(started)!r}).write_text(str(child.pid)); child.wait()"
    )
    commands = Commands()
    commands.start("one", Run((sys.executable, "-c", code)), said())
    deadline = time.monotonic() + 60.0
    while not started.exists() or not started.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    commands.close()
    status = Path(f"/proc/{started.read_text()}/status")
    while status.exists() and "State:\tZ" not in status.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_closing_kills_what_does_not_end_all_at_once(tmp_path: Path) -> None:
    ready = [tmp_path / str(number) for number in range(8)]
    commands = Commands()
    for file in ready:
        # What is ignored here is ignored by the sleep too.
        code = f"trap '' TERM; touch {file}; sleep 60"
        commands.start(file.name, Run(("sh", "-c", code)), said())
    deadline = time.monotonic() + 60.0
    while not all(file.exists() for file in ready):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    begin = time.monotonic()
    commands.close()
    assert commands.ended() == {}
    # One after the other they would have 16 s.
    assert time.monotonic() - begin < 10.0
