"""The exported network of a bundle equals the network, for every variant."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from bundles import embedding_bundle, make_bundle

from bharnet_ros.network.build import VARIANTS, build_network
from bharnet_ros.recognition.bundle import EXPORTED, load_bundle
from bharnet_ros.recognition.recognizer import Recognizer
from bharnet_ros.recognition.weights import write_bundle
from bharnet_ros.training.export import export_bundle
from bharnet_ros.training.export_command import run
from bharnet_ros.types.errors import InputError

pytestmark = pytest.mark.slow

pytest.importorskip("onnxscript", reason="needs what exports a network (extra `train`)")


@pytest.mark.parametrize(
    "variant", sorted(name for name, one in VARIANTS.items() if one.exportable)
)
def test_a_variant_is_exported(tmp_path: Path, variant: str) -> None:
    plain = load_bundle(make_bundle(tmp_path / "plain"))
    size = replace(plain.description.body, readout=(8, 16), maximum=True)
    description = replace(plain.description, variant=variant, body=size, hand=size)
    torch.manual_seed(1)
    network = build_network(description.network_settings())
    write_bundle(tmp_path / "model", description, network.state_dict(), "")
    # The export itself compares both networks.
    assert export_bundle(tmp_path / "model") == tmp_path / "model" / EXPORTED
    assert load_bundle(tmp_path / "model").exported
    Recognizer(load_bundle(tmp_path / "model"), "cpu").warm_up(2)


def test_an_export_carries_embeddings_and_nothing_of_the_machine(tmp_path: Path) -> None:
    folder = embedding_bundle(tmp_path / "model")
    assert run(argparse.Namespace(model=str(folder))) == 0
    bundle = load_bundle(folder)
    Recognizer(bundle, "cpu", backend="onnxruntime").warm_up()
    content = (folder / EXPORTED).read_bytes()
    assert str(Path(torch.__file__).parent).encode() not in content
    assert b"site-packages" not in content and b".py" not in content
    write_bundle(folder, bundle.description, {}, "")
    assert not (folder / EXPORTED).exists() and not load_bundle(folder).exported


def test_a_model_with_further_streams_is_not_exported(rgb_bundle: Path) -> None:
    with pytest.raises(InputError, match="variant base with stream rgb: cannot be exported"):
        export_bundle(rgb_bundle)
    assert not (rgb_bundle / EXPORTED).exists()
