"""The networks one by one and in batches, and the files that hold none."""

from __future__ import annotations

import numpy as np
import pytest

from bharnet_ros.pose.direct import body, hand
from bharnet_ros.pose.direct.hand import HandFinder, Recrop
from bharnet_ros.pose.direct.model_files import HAND, PALM_DETECTOR, RECROP, find_models
from bharnet_ros.pose.direct.regions import Region
from bharnet_ros.pose.direct.runtime import Network, PairedNetwork
from bharnet_ros.types.errors import InputError

IMAGE = np.random.default_rng(3).integers(0, 255, (240, 320, 3), dtype=np.uint8)
REGIONS = [Region(60.0 + 50 * number, 120.0, 90.0, 90.0, 0.2 * number) for number in range(5)]


@pytest.fixture(scope="module")
def files():
    return find_models(1)


@pytest.mark.mediapipe
@pytest.mark.parametrize("pairs", [True, False])
def test_a_batch_gives_what_each_image_gives(files, pairs):
    one = Network(files[HAND], hand.OUTPUTS)
    network = PairedNetwork(files[HAND], hand.OUTPUTS, pairs=pairs)
    images = np.random.default_rng(5).integers(0, 255, (5, *one.inputs.shape[1:]), dtype=np.uint8)

    def fill(number: int, out: np.ndarray) -> None:
        out[:] = images[number]

    for count in range(6):
        numbers = []
        for number, outputs in network.run(range(count), fill):
            numbers.append(number)
            one.inputs[0] = images[number]
            for alone, together in zip(one.run(), outputs, strict=True):
                np.testing.assert_allclose(together, alone[0], rtol=1e-4, atol=1e-4)
        assert numbers == list(range(count))


@pytest.mark.mediapipe
def test_hands_of_any_number_are_found_in_their_order(files):
    finder = HandFinder(PairedNetwork(files[HAND], hand.OUTPUTS), least_score=0.0)
    alone = [finder.find(IMAGE, [region], 1)[0] for region in REGIONS]
    for count in range(len(REGIONS) + 1):
        together = finder.find(IMAGE, REGIONS[:count], count)
        assert len(together) == count
        for one, other in zip(together, alone, strict=False):
            np.testing.assert_allclose(one.landmarks, other.landmarks, atol=1e-5)


@pytest.mark.mediapipe
def test_two_recrops_side_by_side_keep_their_order(files):
    networks = [Network(files[RECROP], (0,), threads=1) for _ in range(2)]
    alone = [next(Recrop(networks[:1]).regions(IMAGE, [region])) for region in REGIONS]
    for count in range(len(REGIONS) + 1):
        assert list(Recrop(networks).regions(IMAGE, REGIONS[:count])) == alone[:count]


def test_a_file_that_is_no_network_is_named(tmp_path):
    path = tmp_path / "hand_landmark_full.tflite"
    path.write_bytes(b"not a network")
    with pytest.raises(InputError, match=r"hand_landmark_full\.tflite: cannot be read"):
        Network(path, hand.OUTPUTS)


@pytest.mark.mediapipe
def test_a_file_with_another_network_is_named(files):
    with pytest.raises(InputError, match=r"palm_detection_full\.tflite: is another network"):
        Network(files[PALM_DETECTOR], body.OUTPUTS)
