"""Settings of a training run: the content of files, and how they extend each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from bharnet_ros.resources import find_resource
from bharnet_ros.training.augmentation.crops import CropAugmentation
from bharnet_ros.training.settings import read_settings
from bharnet_ros.types.errors import InputError


def write(folder: Path, **texts: str) -> Path:
    """Write settings files and return the folder."""
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def test_shipped_settings_are_read() -> None:
    settings = read_settings(find_resource("config/train/gestures.yaml"))
    assert settings.name == "gestures"
    # Unquoted, these two are booleans in YAML.
    assert {"yes", "no"} <= set(settings.class_names)
    assert (settings.body.channels, settings.hand.readout) == ((16,), (96, 96, 192))
    assert settings.augmentation.background_rest_probability == pytest.approx(0.12)


def test_parameters_of_a_class_reach_the_bundle(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("name: own\nclass_names: [a, b]\nclass_parameters: {b: {min_gap_s: 0.5}}\n")
    description = read_settings(path).bundle_description()
    assert description.event_parameters().of_class("b").min_gap_s == 0.5


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("name: x\nclass_names: [a]\nepoch: 3\n", "epoch: is not a setting; known are .*epochs"),
        ("name: x\nclass_names: [a]\nbody: {width: 3}\n", r"body\.width: is not a setting"),
        ("name: x\nclass_names: [a]\nbody: 3\n", "body: expected settings by name, got 3"),
        ("name: x\n", ".*class_names"),
        (
            "name: x\nclass_names: some\n",
            "class_names: expected a list of names or all, got 'some'",
        ),
        ("name: x\nclass_names: []\n", "class_names: expected a list"),
        ("name: x\nclass_names: [yes]\n", r"class_names: expected .*, got \[True\]"),
        ("name: x\nclass_names: [a]\nstreams: [rgb]\n", "streams: expected options by name"),
        ("name: x\nclass_names: [a]\nstreams: {rgb: 3}\n", r"streams\.rgb: expected options"),
        (
            "name: x\nclass_names: [a]\ncrop_augmentation: {fog: 1}\n",
            r"crop_augmentation\.fog: is not a setting; known are .*blind_probability",
        ),
        ("name: x\nclass_names: [a]\ncrop_augmentation: {noise: 2}\n", "noise: must lie in 0..1"),
        ("- name\n", "expected settings by name"),
        ("name: [\n", "cannot be read as YAML"),
        ("name: 2024-13-45\n", "cannot be read as YAML: month must be in 1..12"),
        ("name: !!bool perhaps\n", "cannot be read as YAML"),
    ],
)
def test_wrong_setting_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "train.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=rf"train\.yaml: {complaint}"):
        read_settings(path)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        # YAML reads 1e-3 as text; 1.0e-3 is a number.
        ("learning_rate: 1e-3", "learning_rate: expected a number, got '1e-3'"),
        ("epochs: 3.5", "epochs: expected a whole number, got 3.5"),
        ("epochs: true", "epochs: expected a whole number, got True"),
        ("variant: 3", "variant: expected a text, got 3"),
        ("skeleton_from: 3", "skeleton_from: expected a text, got 3"),
        ("window_s: .inf", "window_s: expected a number, got inf"),
        ("body: {channels: 8}", r"body\.channels: expected a list of whole numbers, got 8"),
        ("features: {fit_to_box: 1}", r"features\.fit_to_box: expected true or false, got 1"),
        ("augmentation: {speed: 1.0}", r"augmentation\.speed: expected a list of 2 numbers"),
        ("augmentation: {speed: [1.0]}", r"augmentation\.speed: expected a list of 2 numbers"),
        ("augmentation: {speed: [1.0, 0.5]}", r"speed: must be a range of 0 or more, got \[1"),
        ("augmentation: {rest_probability: 2}", r"rest_probability: must lie in 0\.\.1, got 2"),
        ("augmentation: {noise: -0.1}", "noise: must not be negative, got -0.1"),
        ("loss: {label_smoothing: 2}", r"label_smoothing: must lie in 0\.\.1, got 2"),
        ("features: {frames: 3}", r"features\.frames: training needs at least 4, got 3"),
        ("batch_size: 0", "batch_size: must be positive, got 0"),
        ("threads: -1", "threads: must not be negative, got -1"),
        ("average_decay: 1.5", r"average_decay: must lie in 0\.\.1, got 1.5"),
    ],
)
def test_a_value_of_the_wrong_type_or_size_is_named(
    tmp_path: Path, line: str, complaint: str
) -> None:
    write(tmp_path, own=f"name: x\nclass_names: [a]\n{line}\n")
    with pytest.raises(InputError, match=rf"own\.yaml: {complaint}"):
        read_settings(tmp_path / "own.yaml")


def test_a_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_bytes(b"name: \xff\n")
    with pytest.raises(InputError, match=r"own\.yaml: cannot be read as YAML"):
        read_settings(tmp_path / "own.yaml")


@pytest.mark.parametrize("path", sorted(find_resource("config/train").rglob("*.yaml")))
def test_all_shipped_settings_are_valid_and_named_after_their_file(path: Path) -> None:
    assert read_settings(path).name == path.stem


def test_all_classes_are_stored_as_an_empty_tuple(tmp_path: Path) -> None:
    write(tmp_path, every="name: x\nclass_names: all\n")
    assert read_settings(tmp_path / "every.yaml").class_names == ()


def test_a_file_extends_another_within_nested_settings_too(tmp_path: Path) -> None:
    write(
        tmp_path,
        base="name: base\nclass_names: [a]\nepochs: 5\nbody: {channels: [8], depths: [2]}\n",
        middle="extends: base.yaml\nname: middle\nbody: {depths: [1]}\nloss: {hand_weight: 0.1}\n",
        top="extends: middle.yaml\nname: top\nbody: {dropout: 0.3}\n",
    )
    settings = read_settings(tmp_path / "top.yaml")
    assert (settings.name, settings.class_names, settings.epochs) == ("top", ("a",), 5)
    assert (settings.body.channels, settings.body.depths) == ((8,), (1,))
    assert settings.body.dropout == pytest.approx(0.3)
    assert settings.loss.hand_weight == pytest.approx(0.1)
    assert read_settings(tmp_path / "middle.yaml").body.dropout == 0.0


@pytest.mark.parametrize(
    ("texts", "chain"),
    [
        ({"a": "extends: a.yaml\n"}, r"a\.yaml extends a\.yaml"),
        ({"a": "extends: ./../{folder}/a.yaml\n"}, r"a\.yaml extends a\.yaml"),
        (
            {"a": "extends: b.yaml\n", "b": "extends: c.yaml\n", "c": "extends: a.yaml\n"},
            r"a\.yaml extends b\.yaml extends c\.yaml extends a\.yaml",
        ),
    ],
)
def test_a_circle_of_files_is_refused_by_name(
    tmp_path: Path, texts: dict[str, str], chain: str
) -> None:
    write(tmp_path, **{name: text.format(folder=tmp_path.name) for name, text in texts.items()})
    with pytest.raises(ValueError, match=rf"extends: a file cannot extend itself: {chain}"):
        read_settings(tmp_path / "a.yaml")


def test_a_missing_base_file_is_named_with_the_file_that_extends_it(tmp_path: Path) -> None:
    write(tmp_path, a="extends: nowhere.yaml\nname: a\n")
    with pytest.raises(OSError, match=r"a\.yaml: extends: .*nowhere\.yaml: no such file"):
        read_settings(tmp_path / "a.yaml")


def test_further_streams_reach_the_bundle_and_are_extended_by_stream(tmp_path: Path) -> None:
    write(
        tmp_path,
        base="name: base\nclass_names: [a]\nstreams: {rgb: {size: 32, moments: 3}}\n",
        top="extends: base.yaml\nname: top\nstreams: {rgb: {size: 16}}\nskeleton_from: models/a\n"
        "crop_augmentation: {blind_probability: 0.4}\n",
    )
    base, top = (read_settings(tmp_path / f"{name}.yaml") for name in ("base", "top"))
    assert base.bundle_description().streams == {"rgb": {"size": 32, "moments": 3}}
    assert base.skeleton_from is None
    # The options of a stream are replaced as a whole.
    assert top.streams == {"rgb": {"size": 16}}
    assert top.skeleton_from == "models/a"
    assert top.crop_augmentation.blind_probability == pytest.approx(0.4)
    assert top.crop_augmentation.brightness == CropAugmentation().brightness
