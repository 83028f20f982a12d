"""The order of stamps and what is reported of it."""

from __future__ import annotations

import pytest

from bharnet_ros.pipeline.message_log import CollectedLog
from bharnet_ros.pipeline.stamp_check import StampCheck
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.stamps import Step

SECOND = 1_000_000_000


def test_each_stamp_is_compared_with_the_newest_one():
    log = CollectedLog()
    check = StampCheck(log, "all restarts")
    assert check.newest_ns is None
    steps = {
        5 * SECOND: Step.FORWARD,
        5 * SECOND - 1: Step.LATE,
        4 * SECOND: Step.LATE,
        4 * SECOND - 1: Step.BACK,
        4 * SECOND + 1: Step.FORWARD,
    }
    for stamp, step in steps.items():
        assert check.take(stamp) is step
        assert check.take(check.newest_ns) is Step.REPEATED
    assert check.newest_ns == 4 * SECOND + 1
    assert dict(log.counts) == {"duplicates": 5, "late": 2, "time jumps": 1}
    assert log.warnings == [
        *["messages come after later ones; they are left out"] * 2,
        "stamps went back by 1.000 s; all restarts",
    ]
    assert log.rejected == []


@pytest.mark.parametrize("stamp", [0, -1])
def test_a_stamp_that_is_not_set_is_counted_and_never_compared(stamp):
    log = CollectedLog()
    check = StampCheck(log, "all restarts")
    for newest in (None, 5 * SECOND):
        with pytest.raises(InputError, match=r"header\.stamp is not set"):
            check.take(stamp)
        assert check.newest_ns == newest
        check.take(5 * SECOND)
    assert dict(log.counts) == {"without stamp": 2, "duplicates": 1}


def test_a_warning_says_how_far_stamps_went_back():
    log = CollectedLog()
    check = StampCheck(log, "all restarts")
    for stamp_ns in (2_500_000_000, 1_250_000_000):
        check.take(stamp_ns)
    assert log.warnings == ["stamps went back by 1.250 s; all restarts"]


def test_a_reset_forgets_the_last_stamp():
    log = CollectedLog()
    check = StampCheck(log, "all restarts")
    assert check.take(5) is Step.FORWARD
    for stamp in (5, 1):
        check.reset()
        assert check.newest_ns is None
        assert check.take(stamp) is Step.FORWARD
    assert not log.counts and not log.warnings
