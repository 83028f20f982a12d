"""The instances (people, or hands) of a batch that were seen, and means over observations."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True, eq=False)
class Instances:
    """B instances that were seen in any frame, out of N samples of I instances each.

    Instances that were never seen are left out: they would cost time and distort the statistics of
    batch normalisation. The values in their places therefore have no effect.

    Attributes:
        values: (B, C, T, V) input of each instance.
        place: (B,) index of each instance in the flattened (N * I,).
        mask: (N, T, I) positive where the instance was observed in that frame.
    """

    values: Tensor
    place: Tensor
    mask: Tensor

    @property
    def seen(self) -> Tensor:
        """Whether each sample has an instance that was seen, (N,) bool."""
        return (self.mask > 0).any(dim=2).any(dim=1)

    @property
    def share_seen(self) -> Tensor:
        """Share of frames that show at least one instance, (N,) in 0..1."""
        return (self.mask > 0).any(dim=2).to(self.mask.dtype).mean(dim=1)

    def presence(self, frames: int) -> Tensor:
        """Return 1 where each instance was observed, else 0, for another frame count: (N, I, T)."""
        present = (self.mask > 0).to(self.mask.dtype).transpose(1, 2)
        return nn.functional.adaptive_max_pool1d(present, frames)

    def spread(self, features: Tensor) -> Tensor:
        """Put features (B, ...) of the instances into place: (N, I, ...), zero where unseen."""
        count, _, instances = self.mask.shape
        spread = features.new_zeros((count * instances, *features.shape[1:]))
        spread = spread.index_copy(0, self.place, features)
        return spread.view(count, instances, *features.shape[1:])


def seen_instances(x: Tensor, mask: Tensor) -> Instances:
    """Gather the instances that were seen in any frame.

    Args:
        x: (N, C, T, V, I) input, any value where absent.
        mask: (N, T, I) positive where the instance was observed in that frame.
    """
    count, channels, frames, joints, instances = x.shape
    place = (mask > 0).any(dim=1).reshape(-1).nonzero().squeeze(1)
    flat = x.permute(0, 4, 1, 2, 3).reshape(count * instances, channels, frames, joints)
    return Instances(flat[place], place, mask)


def mean_of_samples(sums: Tensor, weights: Tensor, sample: Tensor, count: int) -> Tensor:
    """Return the weighted mean of each sample from weighted sums over its parts.

    Args:
        sums: (B, C) weighted sum of each part.
        weights: (B,) total weight of each part.
        sample: (B,) index of the sample that each part belongs to.
        count: Number of samples N.

    Returns:
        (N, C), zero where a sample has no weight.
    """
    total = sums.new_zeros(count, sums.shape[1]).index_add(0, sample, sums)
    per_sample = weights.new_zeros(count).index_add(0, sample, weights)
    return total / per_sample.clamp(min=1e-6).unsqueeze(1)


def observed_mean(values: Tensor, present: Tensor, dim: int) -> Tensor:
    """Average over one axis, ignoring what was not observed.

    Args:
        values: (..., C) features.
        present: (...) 1 where observed, else 0.
        dim: Axis to average over; not the last one of `values`.

    Returns:
        Values without that axis, zero where nothing was observed along it.
    """
    weight = present.unsqueeze(-1)
    return (values * weight).sum(dim) / weight.sum(dim).clamp(min=torch.finfo(values.dtype).eps)
