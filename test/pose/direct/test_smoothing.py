"""The one-euro filter."""

from __future__ import annotations

import numpy as np

from bharnet_ros.pose.direct.smoothing import OneEuroFilter, OneEuroSettings

STEP_NS = 33_000_000


def smoothed(values: np.ndarray, *, beta: float = 0.0, scale: float = 1.0) -> np.ndarray:
    one_euro = OneEuroFilter(OneEuroSettings(min_cutoff=0.5, beta=beta))
    return np.stack(
        [one_euro.apply(value, number * STEP_NS, scale) for number, value in enumerate(values)]
    )


def test_jitter_becomes_smaller_and_a_mean_stays():
    values = 5.0 + np.random.default_rng(0).normal(0.0, 0.1, (200, 3))
    found = smoothed(values)
    assert found[50:].std() < 0.4 * values.std()
    np.testing.assert_allclose(found.mean(), 5.0, atol=0.05)


def test_fast_motion_is_followed_more_closely_than_slow_motion():
    ramp = np.linspace(0.0, 10.0, 60)[:, None]
    late, close = (np.abs(smoothed(ramp, beta=beta) - ramp)[-1, 0] for beta in (0.0, 5.0))
    assert close < 0.2 * late
    # Speed counts relative to the size of the object.
    assert np.abs(smoothed(ramp, beta=5.0, scale=100.0) - ramp)[-1, 0] > 2.0 * close


def test_the_first_values_and_those_after_a_reset_are_kept():
    one_euro = OneEuroFilter(OneEuroSettings(min_cutoff=0.5, beta=1.0))
    assert one_euro.apply(np.array([1.0]), 0) == 1.0
    assert one_euro.apply(np.array([2.0]), STEP_NS) < 2.0
    one_euro.reset()
    assert one_euro.apply(np.array([2.0]), 2 * STEP_NS) == 2.0
