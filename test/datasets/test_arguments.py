"""Command-line arguments that name a data set and its protocol."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from bharnet_ros.datasets.arguments import (
    SplitProtocol,
    add_dataset_arguments,
    add_protocol_arguments,
    open_from,
    protocols_from,
)


def parsed(*words: str, several_folds: bool = True) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_dataset_arguments(parser)
    add_protocol_arguments(parser, several_folds=several_folds)
    return parser.parse_args(["--data", "clips.npz", *words])


SOURCES = Path("sources.csv")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), []),
        (("--protocol", "x_sub"), [SplitProtocol("x_sub")]),
        (("--protocol", "x_sub", "--split-file", "list"), [SplitProtocol("x_sub", Path("list"))]),
        (
            ("--fold", "4", "0", "--subjects-from", "sources.csv"),
            [SplitProtocol("fold_4", SOURCES, 4), SplitProtocol("fold_0", SOURCES, 0)],
        ),
        (
            ("--protocol", "fold_3", "--split-file", "sources.csv"),
            [SplitProtocol("fold_3", SOURCES, 3)],
        ),
    ],
)
def test_a_protocol_is_given_by_name_or_by_fold(
    words: tuple[str, ...], expected: list[SplitProtocol]
) -> None:
    assert protocols_from(parsed(*words)) == expected


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--fold", "1"), "--fold and --subjects-from need each other"),
        (("--subjects-from", "s.csv"), "--fold and --subjects-from need each other"),
        (("--split-file", "list"), "--split-file needs --protocol"),
        (
            ("--fold", "1", "--subjects-from", "s.csv", "--protocol", "x_sub"),
            "exclude --protocol and --split-file",
        ),
    ],
)
def test_arguments_that_exclude_each_other_are_refused(
    words: tuple[str, ...], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        protocols_from(parsed(*words))


def test_only_one_fold_is_accepted_unless_several_are_allowed() -> None:
    words = ("--fold", "2", "--subjects-from", "sources.csv")
    assert protocols_from(parsed(*words, several_folds=False)) == [
        SplitProtocol("fold_2", SOURCES, 2)
    ]
    with pytest.raises(SystemExit):
        parsed("--fold", "2", "3", several_folds=False)


def test_a_missing_data_set_is_named(tmp_path: Path) -> None:
    arguments = parsed()
    arguments.data = tmp_path / "nowhere"
    with pytest.raises(FileNotFoundError, match="nowhere: no such file or folder"):
        open_from(arguments)


def test_an_unknown_kind_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parsed("--kind", "kinetics")
    assert "invalid choice: 'kinetics'" in capsys.readouterr().err
