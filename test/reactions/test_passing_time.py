"""Seconds by stamps, and by a steady clock while nothing comes."""

from __future__ import annotations

import pytest

from bharnet_ros.reactions.passing_time import PassingTime


class Steady:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def steady() -> Steady:
    return Steady()


@pytest.fixture
def passing(steady: Steady) -> PassingTime:
    return PassingTime(2.0, steady)


def show(passing: PassingTime, *seconds: float) -> None:
    for second in seconds:
        passing.take(round((1000.0 + second) * 1e9))


def test_stamps_count_however_fast_they_come(passing: PassingTime, steady: Steady) -> None:
    show(passing, 0.0)
    begin = passing.begin()
    show(passing, 10.0, 20.0)
    assert passing.since(begin) == pytest.approx(20.0)
    steady.now += 1.9
    assert passing.since(begin) == pytest.approx(20.0)
    show(passing, 20.1)
    assert passing.since(begin) == pytest.approx(20.1)


def test_after_a_silence_the_steady_clock_counts_all_of_it(
    passing: PassingTime, steady: Steady
) -> None:
    show(passing, 0.0)
    begin = passing.begin()
    show(passing, 1.0)
    steady.now += 2.0
    assert passing.since(begin) == pytest.approx(3.0)
    steady.now += 4.0
    assert passing.since(begin) == pytest.approx(7.0)


def test_a_beginning_in_a_silence_counts_from_there(passing: PassingTime, steady: Steady) -> None:
    for start in (10.0, 0.0):  # before the first stamp, and after one
        steady.now += 30.0
        begin = passing.begin()
        assert passing.since(begin) == 0.0
        steady.now += 3.0
        assert passing.since(begin) == pytest.approx(3.0)
        show(passing, start)
        assert passing.since(begin) == pytest.approx(3.0)
        show(passing, start + 0.5)
        assert passing.since(begin) == pytest.approx(3.5)


def test_a_beginning_before_a_silence_is_not_given_its_whole_length(
    passing: PassingTime, steady: Steady
) -> None:
    show(passing, 0.0)
    steady.now += 1.5
    begin = passing.begin()
    steady.now += 0.6
    assert passing.since(begin) == pytest.approx(0.6)


def test_stamps_that_go_back_take_no_time_away(passing: PassingTime, steady: Steady) -> None:
    show(passing, 100.0)
    begin = passing.begin()
    show(passing, 103.0, 5.0, 5.0)
    assert passing.since(begin) == pytest.approx(3.0)
    show(passing, 6.0)
    assert passing.since(begin) == pytest.approx(4.0)


def test_stamps_a_little_late_count_no_time_twice(passing: PassingTime) -> None:
    show(passing, 0.0)
    begin = passing.begin()
    show(passing, 0.2, 0.1, 0.4, 0.3, 0.5)
    assert passing.since(begin) == pytest.approx(0.5)


def test_a_source_that_comes_back_has_not_stopped_the_time(
    passing: PassingTime, steady: Steady
) -> None:
    show(passing, 0.0)
    begin = passing.begin()
    steady.now += 10.0
    show(passing, 0.1)  # its clock stood still
    assert passing.since(begin) == pytest.approx(10.0)
