"""A source has stopped when nothing came from it for longer than allowed."""

from __future__ import annotations

import pytest

from bharnet_ros.types.stamps import Silence

SECOND = 1_000_000_000


def test_silence_begins_at_the_last_that_was_heard() -> None:
    silence = Silence(0.5)
    silence.awaited(0)
    silence.heard(SECOND)
    assert not silence.lasts(SECOND + SECOND // 2)
    assert silence.lasts(SECOND + SECOND // 2 + 1)


def test_a_source_never_heard_counts_from_the_first_that_it_was_awaited_for() -> None:
    silence = Silence(1.0)
    assert not silence.lasts(None)
    assert not silence.lasts(9 * SECOND)
    silence.awaited(5)
    silence.awaited(SECOND)
    assert not silence.lasts(5 + SECOND)
    assert silence.lasts(6 + SECOND)


def test_after_a_jump_of_time_nothing_was_heard() -> None:
    silence = Silence(1.0)
    silence.heard(0)
    silence.reset()
    assert not silence.lasts(9 * SECOND)


def test_a_time_that_is_not_positive_is_named() -> None:
    with pytest.raises(ValueError, match=r"silence_s: must be positive, got 0\.0"):
        Silence(0.0)
