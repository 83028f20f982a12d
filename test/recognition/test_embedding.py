"""Embeddings, and the background file of a bundle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from bharnet_ros.network.output import ExpertOutput
from bharnet_ros.recognition.background import (
    KINDS,
    Background,
    read_background,
    write_background,
)
from bharnet_ros.recognition.embedding import EmbeddingSpace, PartSpace
from bharnet_ros.recognition.pytorch import embed
from bharnet_ros.types.errors import InputError


def part(channels: int, size: int, seed: int) -> PartSpace:
    random = np.random.default_rng(seed)
    return PartSpace(
        random.standard_normal(channels).astype(np.float32),
        random.standard_normal((channels, size)).astype(np.float32),
    )


SPACE = EmbeddingSpace(part(4, 2, 0), part(6, 3, 1))


def output_of(body: torch.Tensor, hand: torch.Tensor) -> ExpertOutput:
    logits = torch.zeros(len(body), 2)
    seen = hand.any(1)
    return ExpertOutput.of_skeleton(
        logits, logits, logits, seen, body_features=body, hand_features=hand
    )


def test_an_embedding_has_length_one_and_absent_parts_stay_absent() -> None:
    body, hand = torch.rand(4, 4), torch.rand(4, 6)
    hand[1] = 0
    body[2] = 0
    body[3] = hand[3] = 0
    found = embed(SPACE, output_of(body, hand))
    assert found.vectors.shape == (4, 5)
    assert found.body_seen.tolist() == [True, True, False, False]
    assert found.hand_seen.tolist() == [True, False, True, False]
    length = np.linalg.norm(found.vectors, axis=1)
    np.testing.assert_allclose(length, [1.0, 1.0, 1.0, 0.0], rtol=1e-5)
    assert not found.hand[1].any() and found.body[1].any()
    assert not found.body[2].any() and found.hand[2].any()


def test_features_of_another_network_are_refused() -> None:
    with pytest.raises(InputError, match="hand: the network has 5 features, the space has 6"):
        embed(SPACE, output_of(torch.rand(2, 4), torch.rand(2, 5)))


def background() -> Background:
    vectors = np.random.default_rng(2).standard_normal((7, 5)).astype(np.float32)
    return Background(SPACE, vectors, np.asarray([0, 0, 1, 1, 2, 2, 2], dtype=np.uint8))


def test_a_background_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "background.safetensors"
    write_background(path, background())
    read = read_background(path)
    np.testing.assert_allclose(read.vectors, background().vectors, atol=2e-3)
    np.testing.assert_array_equal(read.kinds, background().kinds)
    np.testing.assert_array_equal(read.space.hand.projection, SPACE.hand.projection)
    assert [len(read.of_kind(kind)) for kind in KINDS] == [2, 2, 3]


def test_broken_background_files_are_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "background.safetensors"
    write_background(path, background())
    arrays = load_file(path)
    for changes, message in (
        ({"vectors": np.zeros((7, 4), np.float16)}, r"vectors: expected \(M, 5\)"),
        ({"kinds": np.full(7, 9, np.uint8)}, "kinds: expected the kind of each vector"),
        ({"kinds": np.zeros(3, np.uint8)}, "kinds: expected the kind of each vector"),
        ({"body.centre": np.zeros(3, np.float32)}, "do not fit"),
        ({"body.centre": np.full(4, np.nan, np.float32)}, "body.centre: holds values"),
    ):
        save_file({**arrays, **changes}, path)
        with pytest.raises(InputError, match=rf"background\.safetensors: .*{message}"):
            read_background(path)
    save_file({"vectors": arrays["vectors"]}, path)
    with pytest.raises(InputError, match=r"background\.safetensors: body\.centre is missing"):
        read_background(path)
    path.write_bytes(b"no safetensors")
    with pytest.raises(InputError, match=r"background\.safetensors: cannot be used"):
        read_background(path)
