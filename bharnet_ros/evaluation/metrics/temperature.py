"""Temperature scaling, which calibrates probabilities."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp


def fit_temperature(logits: npt.NDArray[np.floating], classes: npt.NDArray[np.integer]) -> float:
    """Return the temperature T for which logits / T give the true classes the greatest likelihood.

    Args:
        logits: (N, K) uncalibrated logits.
        classes: (N,) indices of the true classes.

    Source: Guo et al., On Calibration of Modern Neural Networks (arXiv 1706.04599).
    """
    exact = logits.astype(np.float64)
    true = exact[np.arange(len(exact)), classes]

    def loss(log_temperature: float) -> float:
        scale = np.exp(-log_temperature)
        return float(np.mean(logsumexp(exact * scale, axis=1) - true * scale))

    # The loss has one minimum: it is convex in 1 / T.
    found = minimize_scalar(loss, bounds=(-10.0, 10.0), options={"xatol": 1e-8})
    return float(np.exp(found.x))
