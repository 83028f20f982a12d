"""An .mcap file that was cut off anywhere can be read up to there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bharnet_ros import cli
from bharnet_ros.bags.mending import is_cut_off, mend
from bharnet_ros.bags.reading import Recording
from bharnet_ros.bags.writing import BagWriter, recorded_messages
from bharnet_ros.types.errors import InputError

COUNT = 12


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return the content of a file with an image of a megabyte in each chunk."""
    path = tmp_path_factory.mktemp("bags") / "walk"
    messages = recorded_messages()
    with BagWriter(path) as bag:
        bag.add_topic("/image_raw", "sensor_msgs/msg/Image")
        for second in range(1, COUNT + 1):
            image = np.full((600, 600, 3), second, dtype=np.uint8)
            bag.write("/image_raw", messages.image(image, second, ""), second)
    return (path / "walk.mcap").read_bytes()


@pytest.mark.parametrize("share", [0.12, 0.5, 0.93, 0.9999])
def test_file_that_was_cut_off_is_read_up_to_there(tmp_path: Path, whole: bytes, share: float):
    file = tmp_path / "walk.mcap"
    file.write_bytes(whole[: int(share * len(whole))])
    assert is_cut_off(file)
    with pytest.raises(InputError, match=f"{file}: was cut off .* `bharnet mend {file}` makes"):
        Recording(file)
    mend(file)
    assert not is_cut_off(file)
    with Recording(file) as recording:
        found = [int(one.message.data[0]) for one in recording.messages("/image_raw")]
    assert found == list(range(1, len(found) + 1))
    assert COUNT * share - 1.5 <= len(found) <= COUNT


def test_whole_file_is_left_alone(tmp_path: Path, whole: bytes, capsys):
    file = tmp_path / "walk.mcap"
    file.write_bytes(whole)
    assert cli.main(["mend", str(file)]) == 0
    assert capsys.readouterr().out == f"{file}: {COUNT} messages can be read\n"
    assert file.read_bytes() == whole


@pytest.mark.parametrize("content", [b"", b"something else entirely"])
def test_file_of_another_kind_is_left_alone(tmp_path: Path, content: bytes, capsys):
    file = tmp_path / "walk.mcap"
    file.write_bytes(content)
    assert cli.main(["mend", str(file)]) == 2
    assert f"{file}: is not an mcap file" in capsys.readouterr().err
    assert file.read_bytes() == content
    assert cli.main(["mend", str(tmp_path / "nowhere")]) == 2
