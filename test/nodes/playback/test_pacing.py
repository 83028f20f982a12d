"""When the frames of a recording are due."""

from __future__ import annotations

from bharnet_ros.nodes.playback.pacing import MAX_LATENESS, MAX_SKIPPED, Pacer

SECOND = 1_000_000_000
START = 1000 * SECOND
PERIOD = 0.04


def play(cost: float, frames: int) -> tuple[list[int], Pacer, int]:
    """Play on a machine that needs `cost` seconds for each published frame; return the stamps, the
    pacer and the time at the end."""
    pacer, now, stamps = Pacer(START, PERIOD), START, []
    for index in range(frames):
        wait = pacer.decide(index * PERIOD, now)
        if wait is not None:
            now += wait
            stamps.append(pacer.stamp(index * PERIOD))
            now += round(cost * SECOND)
    return stamps, pacer, now


def test_fast_machine_publishes_each_frame_at_its_time():
    stamps, pacer, now = play(cost=0.01, frames=100)
    assert stamps == [START + round(index * PERIOD * SECOND) for index in range(100)]
    assert now == stamps[-1] + SECOND // 100
    assert (pacer.skipped, pacer.delayed_ns) == (0, 0)


def test_slow_machine_skips_frames_and_keeps_the_rate():
    stamps, pacer, now = play(cost=0.1, frames=200)
    assert pacer.skipped > 0
    assert pacer.delayed_ns == 0
    assert now - stamps[-1] < 0.3 * SECOND
    assert stamps == sorted(set(stamps))


def test_recording_is_delayed_on_a_far_too_slow_machine():
    stamps, pacer, now = play(cost=0.5, frames=200)
    assert pacer.delayed_ns > 0
    assert len(stamps) >= 200 // (MAX_SKIPPED + 1)
    assert now - stamps[-1] <= (MAX_LATENESS + 0.5) * SECOND
    assert stamps == sorted(set(stamps))
