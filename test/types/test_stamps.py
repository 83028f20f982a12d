"""An optional input has stopped when nothing came from it for longer than allowed."""

from __future__ import annotations

import pytest

from bharnet_ros.types.stamps import InputTimeout

SECOND = 1_000_000_000


def test_timeout_counts_from_the_last_message() -> None:
    timeout = InputTimeout(0.5)
    timeout.expected(0)
    timeout.received(SECOND)
    assert not timeout.expired(SECOND + SECOND // 2)
    assert timeout.expired(SECOND + SECOND // 2 + 1)


def test_timeout_counts_from_the_first_expected_message_before_any_came() -> None:
    timeout = InputTimeout(1.0)
    assert not timeout.expired(None)
    assert not timeout.expired(9 * SECOND)
    timeout.expected(5)
    timeout.expected(SECOND)
    assert not timeout.expired(5 + SECOND)
    assert timeout.expired(6 + SECOND)


def test_reset_forgets_all_messages() -> None:
    timeout = InputTimeout(1.0)
    timeout.received(0)
    timeout.reset()
    assert not timeout.expired(9 * SECOND)


def test_a_time_that_is_not_positive_is_named() -> None:
    with pytest.raises(ValueError, match=r"timeout_s: must be positive, got 0\.0"):
        InputTimeout(0.0)
