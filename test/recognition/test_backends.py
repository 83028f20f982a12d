"""Back ends of the recogniser: both give the same scores, and each says what it lacks."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bharnet_ros.recognition import devices
from bharnet_ros.recognition.bundle import EXPORTED, ModelBundle, load_bundle
from bharnet_ros.recognition.description import BundleError
from bharnet_ros.recognition.recognizer import Recognizer
from bharnet_ros.resources import find_model
from bharnet_ros.sources.puppet import open_puppet
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import KeypointSequence

LIGHT = "gestures_light"


def light() -> ModelBundle:
    return load_bundle(find_model(LIGHT))


def shown(script: str, *, hands: bool = True) -> KeypointSequence:
    """Return the first two seconds of a script of the puppet."""
    puppet = open_puppet(script, fps=15.0)
    people = [puppet.truth(number).people[0] for number in range(30)]
    given = np.stack([person.hands for person in people])
    return KeypointSequence(
        stamps=np.arange(30) / 15.0,
        body=np.stack([person.body for person in people]),
        hands=given if hands else np.full_like(given, np.nan),
        hand_scores=np.stack([person.hand_scores * hands for person in people]),
        width=640,
        height=480,
    )


@pytest.mark.slow
@pytest.mark.parametrize("model", ["gestures", LIGHT, "gestures_open"])
def test_both_back_ends_give_the_same_scores_and_embeddings(model: str) -> None:
    bundle = load_bundle(find_model(model))
    people = [shown("hello"), shown("help", hands=False), shown("iloveyou")]
    exported, torch = (
        Recognizer(bundle, "cpu", backend=backend, threads=1)
        for backend in ("onnxruntime", "torch")
    )
    for given in (people, people[1:2]):
        pairs = zip(exported.score(given, 0).tracks, torch.score(given, 0).tracks, strict=True)
        for one, other in pairs:
            np.testing.assert_allclose(one.probabilities, other.probabilities, atol=1e-4)
            np.testing.assert_allclose(one.body_probabilities, other.body_probabilities, atol=1e-4)
            np.testing.assert_allclose(one.hand_probabilities, other.hand_probabilities, atol=1e-4)
        first, second = (each.embed(each.logits(given)) for each in (exported, torch))
        np.testing.assert_allclose(first.vectors, second.vectors, atol=1e-4)
        assert first.hand_seen.tolist() == second.hand_seen.tolist()
        assert first.body_size == second.body_size


def test_models_are_run_without_torch_on_a_cpu() -> None:
    code = f"""
import sys
sys.modules["torch"] = None
from bharnet_ros.recognition.bundle import load_bundle
from bharnet_ros.recognition.recognizer import Recognizer
from bharnet_ros.resources import find_model
recognizer = Recognizer(load_bundle(find_model({LIGHT!r})))
recognizer.warm_up(2)
print(recognizer.device)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, "cpu"), done.stderr


def test_an_unknown_back_end_is_refused_by_name() -> None:
    with pytest.raises(InputError, match=r"backend: 'tensorrt' is unknown; known are: auto, onn"):
        Recognizer(light(), "cpu", backend="tensorrt")


def test_a_model_without_exported_network_says_what_writes_one(
    monkeypatch: pytest.MonkeyPatch, tiny_bundle: Path
) -> None:
    bundle = load_bundle(tiny_bundle)
    with pytest.raises(InputError, match=rf"{EXPORTED}: no such file; `bharnet export"):
        Recognizer(bundle, "cpu", backend="onnxruntime")
    # A module that is None in sys.modules cannot be imported.
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "bharnet_ros.recognition.pytorch", raising=False)
    with pytest.raises(InputError, match=r"tiny: has no exported network, so it needs PyTorch"):
        Recognizer(bundle, "cpu")


def test_a_gpu_without_torch_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bharnet_ros.recognition.devices.torch_installed", lambda: False)
    with pytest.raises(InputError, match="device: 'cuda' needs PyTorch, which is not installed"):
        Recognizer(light(), "cuda")
    assert Recognizer(light(), "auto").device == "cpu"


def test_a_gpu_that_is_left_alone_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "gpu_count", lambda: 0)
    assert devices.idle_gpu() == ""
    monkeypatch.setattr(devices, "gpu_count", lambda: 1)
    monkeypatch.setattr(devices, "gpu_usable", lambda: False)
    monkeypatch.setattr(devices, "torch_installed", lambda: False)
    assert "PyTorch is not installed: `make install GPU=1`" in devices.idle_gpu()
    monkeypatch.setattr(devices, "torch_installed", lambda: True)
    assert "this PyTorch cannot use it" in devices.idle_gpu()


def test_a_changed_or_foreign_exported_network_is_refused(tmp_path: Path) -> None:
    bundle = light()
    folder = tmp_path / "model"
    folder.mkdir()
    content = (bundle.path / EXPORTED).read_bytes()
    (folder / EXPORTED).write_bytes(content[:-1])
    with pytest.raises(BundleError, match=rf"{EXPORTED}: sha256 is \w+, but model.json says"):
        Recognizer(replace(bundle, path=folder), "cpu")
    (folder / EXPORTED).write_bytes(b"no network")
    sha256 = hashlib.sha256(b"no network").hexdigest()
    damaged = replace(
        bundle, path=folder, description=replace(bundle.description, exported_sha256=sha256)
    )
    with pytest.raises(BundleError, match=rf"{EXPORTED}: cannot be used"):
        Recognizer(damaged, "cpu")
    (folder / EXPORTED).write_bytes(content)
    with pytest.raises(BundleError, match=rf"{EXPORTED}: has inputs .* and outputs"):
        Recognizer(replace(bundle, path=folder, background=None), "cpu")
