"""Temperature scaling."""

from __future__ import annotations

import numpy as np
import pytest

from bharnet_ros.evaluation.metrics.temperature import fit_temperature
from bharnet_ros.recognition.output import softmax


def test_the_temperature_of_scaled_logits_is_recovered() -> None:
    random = np.random.default_rng(0)
    true_logits = 2.0 * random.standard_normal((5000, 5)).astype(np.float32)
    cumulative = softmax(true_logits).cumsum(1)
    classes = (random.random((5000, 1)) > cumulative[:, :4]).sum(1)
    for temperature in (0.5, 2.5):
        found = fit_temperature(true_logits * temperature, classes)
        assert found == pytest.approx(temperature, rel=0.05)
