"""Inputs that have stopped: an optional one by stamps, the source by two clocks."""

from __future__ import annotations

import pytest

from bharnet_ros.types.stamps import InputTimeout, Silence

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


def test_silence_counts_by_the_clock_that_moves() -> None:
    silence = Silence(now_ns=5 * SECOND, steady_s=0.0)
    silence.received(6 * SECOND, 1.0)
    assert silence.seconds(8 * SECOND, 1.5) == pytest.approx(2.0)


def test_silence_counts_by_the_steady_clock_while_time_stands_still() -> None:
    silence = Silence(now_ns=5 * SECOND, steady_s=0.0)
    silence.received(6 * SECOND, 1.0)
    assert silence.seconds(7 * SECOND, 2.0) == pytest.approx(1.0)
    assert silence.seconds(7 * SECOND, 5.0) == pytest.approx(3.0)


def test_slow_simulation_is_not_silent() -> None:
    silence = Silence(now_ns=0, steady_s=0.0)
    for step in range(1, 50):
        assert silence.seconds(step * SECOND // 100, float(step)) <= 1.0


def test_simulated_time_that_restarts_is_not_silent() -> None:
    silence = Silence(now_ns=500 * SECOND, steady_s=0.0)
    assert silence.seconds(0, 0.1) == pytest.approx(0.0)
    assert silence.seconds(2 * SECOND, 0.2) == pytest.approx(2.0)
