"""Crops of one person: settings and sequences are checked."""

from __future__ import annotations

import numpy as np
import pytest

from bharnet_ros.types.crops import CropSequence, CropSettings


def crops(times: list[float], *, regions: int = 2, size: int = 8) -> CropSequence:
    """Return black crops at these times."""
    count = len(times)
    return CropSequence(
        np.array(times),
        np.zeros((count, regions, size, size, 3), dtype=np.uint8),
        np.ones((count, regions), dtype=bool),
    )


def test_a_sequence_knows_its_length_and_may_be_empty() -> None:
    assert len(crops([0.0, 0.1])) == 2
    assert len(crops([])) == 0


def test_stamps_must_increase() -> None:
    with pytest.raises(ValueError, match="stamps: must increase"):
        crops([0.1, 0.1])


def test_shapes_must_fit_each_other() -> None:
    one = crops([0.0])
    with pytest.raises(ValueError, match="pixels: expected"):
        CropSequence(one.stamps, one.pixels[..., 0], one.present)
    with pytest.raises(ValueError, match="pixels: expected"):
        CropSequence(one.stamps, one.pixels[:, :, :4], one.present)
    with pytest.raises(ValueError, match="do not fit"):
        CropSequence(one.stamps, one.pixels, one.present[:, :1])
    with pytest.raises(ValueError, match="do not fit"):
        CropSequence(np.array([0.0, 0.1]), one.pixels, one.present)
    with pytest.raises(ValueError, match="do not fit"):
        CropSequence(np.array(0.0), one.pixels, one.present)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"regions": ("left_foot",)}, "regions"),
        ({"regions": ()}, "regions"),
        ({"regions": ("left_hand", "left_hand")}, "regions"),
        ({"size": 4}, "size"),
        ({"moments": 0}, "moments"),
        ({"hand_reach": 0.0}, "hand_reach"),
    ],
)
def test_settings_name_what_is_wrong(wrong: dict[str, object], named: str) -> None:
    with pytest.raises(ValueError, match=f"^{named}"):
        CropSettings(**wrong)  # type: ignore[arg-type]
