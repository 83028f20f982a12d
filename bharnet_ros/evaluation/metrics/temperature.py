"""Temperature scaling, which calibrates probabilities."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy


def fit_temperature(logits: Tensor, classes: Tensor) -> float:
    """Return the temperature T for which logits / T give the true classes the greatest likelihood.

    Args:
        logits: (N, K) uncalibrated logits.
        classes: (N,) indices of the true classes.

    Source: Guo et al., On Calibration of Modern Neural Networks (arXiv 1706.04599).
    """
    logits = logits.detach().double()
    log_temperature = torch.zeros((), dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([log_temperature], max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimiser.zero_grad()
        loss = cross_entropy(logits / log_temperature.exp(), classes)
        loss.backward()
        return loss

    optimiser.step(closure)
    return float(log_temperature.detach().exp())
