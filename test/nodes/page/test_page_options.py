"""What `bharnet page` makes of its options: those of the chain that it starts."""

from __future__ import annotations

import argparse

import pytest

from bharnet_ros.nodes import run
from bharnet_ros.nodes.options import ChainOptions, read_chain_options
from bharnet_ros.nodes.page import command, main
from bharnet_ros.nodes.page.chain_process import run_arguments


@pytest.fixture
def started(monkeypatch, tmp_path):
    """Return a function that gives the options of the chain that the page starts."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    given: list[ChainOptions] = []

    def run_page(chain: ChainOptions, **_: object) -> int:
        given.append(chain)
        return 0

    monkeypatch.setattr(main, "run_page", run_page)

    def start(*words: str) -> ChainOptions:
        parser = argparse.ArgumentParser()
        command.add_arguments(parser)
        command.run(argparse.Namespace(**vars(parser.parse_args(words)), ros_arguments=[]))
        return given.pop()

    return start


@pytest.mark.parametrize(
    "words",
    [
        ("--source", "0"),
        ("--source", "0", "--width", "640", "--height", "480", "--fps", "10.5"),
        ("--source", "puppet", "--roi", "10,20,300,400", "--max-people", "2"),
        ("--source=-clip.mp4", "--gestures=-mine", "--only"),
        ("--source", "puppet", "--keep-classes", "hello,no", "--wait-for-action"),
        ("--image-topic", "/camera/image_raw"),
        ("--image-topic", "/camera/image_raw/compressed", "--device", "cpu"),
    ],
)
def test_bharnet_run_takes_the_options_as_the_page_read_them(started, words):
    options = started(*words)
    assert options.loop == (options.source is not None)
    parser = argparse.ArgumentParser()
    run.add_arguments(parser)
    name, *arguments = run_arguments(options)
    again = argparse.Namespace(**vars(parser.parse_args(arguments)), ros_arguments=[])
    assert name == "run" and read_chain_options(again) == options


def test_a_page_on_the_same_port_goes_on_in_its_namespace():
    first, again, other = (main.own_namespace(port) for port in (8090, 8090, 8091))
    assert first == again != other
    # A free port says nothing of the page before.
    assert main.own_namespace(0) != main.own_namespace(0)


def test_without_a_source_the_help_promises_no_puppet():
    parsers = [argparse.ArgumentParser() for _ in range(2)]
    for parser, one in zip(parsers, (command, run), strict=True):
        one.add_arguments(parser)
    page, chain = (" ".join(parser.format_help().split()) for parser in parsers)
    assert "(default: a chain that runs)" in page and "puppet:gestures" not in page
    assert "(default: puppet:gestures)" in chain
