"""Temperature scaling."""

from __future__ import annotations

import pytest
import torch

from bharnet_ros.evaluation.metrics.temperature import fit_temperature


def test_the_temperature_of_scaled_logits_is_recovered() -> None:
    generator = torch.Generator().manual_seed(0)
    true_logits = 2.0 * torch.randn(5000, 5, generator=generator)
    classes = torch.multinomial(torch.softmax(true_logits, 1), 1, generator=generator)[:, 0]
    for temperature in (0.5, 2.5):
        found = fit_temperature(true_logits * temperature, classes)
        assert found == pytest.approx(temperature, rel=0.05)
