"""How the benches summarise times."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

PERCENTILES = (50, 95, 99)
HEADER = tuple(f"p{percentile}" for percentile in PERCENTILES)


def percentiles(seconds: Sequence[float]) -> tuple[float, ...]:
    """Return `PERCENTILES` of some times, in their unit; NaN each where there are none."""
    if not len(seconds):
        return (float("nan"),) * len(PERCENTILES)
    return tuple(float(value) for value in np.percentile(seconds, PERCENTILES))


def millisecond_cells(seconds: Sequence[float], digits: int = 1) -> list[str]:
    """Return a cell of milliseconds for each of `PERCENTILES`; dashes where there are no times."""
    if not len(seconds):
        return ["-"] * len(PERCENTILES)
    return [f"{value * 1e3:.{digits}f}" for value in percentiles(seconds)]
