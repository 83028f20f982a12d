"""Parameter files, by the rules of rcl; test/nodes/test_parameter_files.py compares with rcl."""

from __future__ import annotations

from pathlib import Path

import pytest

from bharnet_ros.types.errors import InputError
from bharnet_ros.types.parameter_files import Section, parameters_for, read_parameter_file


def read(tmp_path: Path, text: str) -> tuple[Section, ...]:
    path = tmp_path / "p.yaml"
    path.write_text(text)
    return read_parameter_file(path)


@pytest.mark.parametrize(
    ("pattern", "node", "fits"),
    [
        ("/**", "/a/b/node", True),
        ("/*", "/node", True),
        ("/*", "/a/node", False),
        ("/**/node", "/node", True),
        ("/**/node", "/a/b/node", True),
        ("/*/node", "/node", False),
        ("/a/*", "/a/node", True),
        ("/a/node", "/b/node", False),
    ],
)
def test_an_asterisk_is_one_level_and_two_are_any_number(pattern, node, fits):
    assert Section(pattern).fits(node) is fits


def test_later_sections_win_and_those_of_one_name_are_one(tmp_path):
    text = (
        "/node: {ros__parameters: {a: 1, b: 1, c: 1}}\n"
        "/**: {ros__parameters: {a: 2, c: 2}}\n"
        "/node: {ros__parameters: {a: 3, b: 3}}\n"
        "node: {ros__parameters: {c: 4}}\n"
    )
    sections = read(tmp_path, text)
    assert [one.nodes for one in sections] == ["/node", "/**", "/node"]
    assert parameters_for(sections, "node") == {"a": 2, "b": 3, "c": 4}


def test_namespaces_and_parameters_may_be_nested(tmp_path):
    text = "a:\n  b:\n    node:\n      ros__parameters: {c: {d: [1, 2]}, e: []}\n"
    assert read(tmp_path, text) == (Section("/a/b/node", {"c.d": [1, 2], "e": None}),)
    assert parameters_for(read(tmp_path, text), "other") == {}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2", 2),
        ("0x10", 16),
        ("010", 8),
        ("1e3", 1000.0),
        (".inf", float("inf")),
        ("0x1p3", 8.0),
        ("1_000", "1_000"),
        ("1e999", "1e999"),
        ("y", True),
        ("off", False),
        ("null", "null"),
        ("2024-01-01", "2024-01-01"),
        ("'3'", "3"),
        ("!!str 3", "3"),
        ("''", ""),
        ("99999999999999999999", 1e20),
    ],
)
def test_a_value_has_the_type_that_rcl_gives_it(tmp_path, text, value):
    (section,) = read(tmp_path, f"node: {{ros__parameters: {{a: {text}}}}}")
    assert section.values == {"a": value} and type(section.values["a"]) is type(value)


def test_a_file_may_be_empty(tmp_path):
    assert read(tmp_path, "") == read(tmp_path, "# nothing\n") == ()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: [", "is not valid YAML"),
        ("[" * 5000, "is not valid YAML"),
        ("word", "has no parameters of nodes"),
        ("a: 2024-99-99", "a: has no ros__parameters"),
        ("a: {b: 1}", "a/b: has no ros__parameters"),
        ("a: {}", "a: has no ros__parameters"),
        ("ros__parameters: {a: 1}", "ros__parameters: stands below no node"),
        ("n-1: {ros__parameters: {a: 1}}", "/n-1: is not the name of a node"),
        ("n:\n  ros__parameters:\n    a:\n", "line 3: has no value"),
        ("n: {ros__parameters: {a: [1, 2.0]}}", "line 1: the values of a list must be of one type"),
        ("n: {ros__parameters: {a: &x 1, b: *x}}", "line 1: aliases are not taken"),
        ("n: {ros__parameters: {[1]: 1}}", "line 1: expected a name"),
    ],
)
def test_what_rcl_refuses_is_refused_by_name(tmp_path, text, problem):
    with pytest.raises(InputError) as error:
        read(tmp_path, text)
    assert str(error.value).startswith(f"{tmp_path / 'p.yaml'}: {problem}")
