"""The order of stamps and what is reported of it."""

from __future__ import annotations

from bharnet_ros.pipeline.message_log import CollectedLog
from bharnet_ros.pipeline.stamp_check import StampCheck
from bharnet_ros.types.stamps import Step


def test_each_stamp_is_compared_with_the_previous_one():
    log = CollectedLog()
    check = StampCheck(log, "all restarts")
    assert check.newest_ns is None
    stamps = [0, 0, 5, 5, 5, 4, 4, 5, -1]
    assert [check.take(stamp) for stamp in stamps] == [
        Step.FORWARD,
        Step.REPEATED,
        Step.FORWARD,
        Step.REPEATED,
        Step.REPEATED,
        Step.BACK,
        Step.REPEATED,
        Step.FORWARD,
        Step.BACK,
    ]
    assert check.newest_ns == -1
    assert dict(log.counts) == {"duplicates": 4, "time jumps": 2}
    assert log.warnings == ["stamps went back by 0.000 s; all restarts"] * 2
    assert log.rejected == []


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
