"""What the views make of what a chain publishes, without a browser."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest

from bharnet_ros.page.health import ChainHealth
from bharnet_ros.page.history import History
from bharnet_ros.types.actions import OffsetReason
from bharnet_ros.types.errors import InputError

nicegui = pytest.importorskip("nicegui")

from nicegui import Client, ui  # noqa: E402

from bharnet_ros.nodes.page.views.examples import ExampleCards  # noqa: E402
from bharnet_ros.nodes.page.views.live import LiveView  # noqa: E402

pytestmark = [pytest.mark.ros]

ONSET, OFFSET = 1, 2


class Robot:
    """Stands in for the node: what was published, and a chain that answers nothing."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.history = History()
        self.health = ChainHealth("/")
        self.images = SimpleNamespace(seen=None)

    async def used_parameters(self, model: Any) -> Any:
        return model.parameters

    async def ask(self, name: str, **fields: Any) -> Any:
        raise InputError(f"{name}: does not answer")


def shown(build: Callable[[], Any], work: Callable[[Any], Awaitable[None]]) -> list[ui.element]:
    """Return all elements of a page after some work on what it builds."""

    async def see() -> list[ui.element]:
        with Client(ui.page("/test"), request=None) as client:
            await work(build())
            return list(client.elements.values())

    return asyncio.run(see())


@pytest.mark.parametrize("label", ["wave", 'a "b" \\x\n<i>', "back\\"])
@pytest.mark.parametrize("reason", [one for one in OffsetReason if one.value])
def test_an_event_of_any_name_and_end_is_listed(messages, label, reason):
    robot = Robot()
    robot.history.take_event(messages.event("1", ONSET, 5.0, 4.5, 5.0, label=label))
    robot.history.take_event(
        messages.event("1", OFFSET, 7.0, 4.5, 6.5, label=label, reason=reason.value)
    )
    elements = shown(lambda: LiveView(robot), lambda view: view.update())
    (row,) = [one for one in elements if "row-event" in one.classes]
    assert row.props["data-label"] == label and row.props["data-reason"] == reason.value


def test_gestures_are_listed_as_soon_as_recognition_answers(messages, monkeypatch):
    robot = Robot()
    robot.history.take_model(messages.model_info())
    notified: list[str] = []
    monkeypatch.setattr(ui, "notify", lambda text, **_: notified.append(text))

    async def work(cards: ExampleCards) -> None:
        for _ in range(3):
            await cards.update()

        async def ask(name: str, **fields: Any) -> Any:
            return SimpleNamespace(labels=[], examples=[], folder="mine", background_examples=0)

        before = texts()
        robot.ask = ask
        await cards.update()
        assert any("recognition/list_gestures: does not answer" in one for one in before)

    def texts() -> list[str]:
        return [
            one.content for one in ui.context.client.elements.values() if isinstance(one, ui.html)
        ]

    elements = shown(lambda: ExampleCards(robot, lambda label: None), work)
    found = [one.content for one in elements if isinstance(one, ui.html)]
    assert not notified and any("No gesture of yours yet" in one for one in found)
    assert not any("does not answer" in one for one in found)
