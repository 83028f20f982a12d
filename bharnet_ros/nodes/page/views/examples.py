"""The gestures that are known: their examples, and how well they are told apart."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from html import escape
from typing import Any

from nicegui import ui

from bharnet_ros.nodes.page.node import PageNode
from bharnet_ros.nodes.page.views.widgets import attempt, named, quiet_button
from bharnet_ros.page.check_table import check_table, read_check
from bharnet_ros.page.skeletons import skeleton_loop
from bharnet_ros.types.actions import BACKGROUND
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoint_file import ClipKeypoints


class ExampleCards:
    """A card for each gesture, and the check of all."""

    def __init__(self, robot: PageNode, record_more: Callable[[str], None]) -> None:
        """Build them for one browser.

        Args:
            robot: Whose gestures.
            record_more: Called with a gesture of which more examples are wanted.
        """
        self._robot = robot
        self._record_more = record_more
        self._model: str | None = None
        self._problem = ""
        with ui.element("section").classes("card"):
            with ui.row().classes("heading"):
                ui.html("<h2>What it knows</h2>", sanitize=False)
                self._folder = ui.label().classes("folder")
            self._cards = ui.element("div").classes("gestures")
        with ui.element("section").classes("card"):
            with ui.row().classes("heading"):
                ui.html("<h2>Can it tell them apart?</h2>", sanitize=False)
                self._check_button = quiet_button("Check", self._check).props('data-action="check"')
            self._result = ui.element("div").classes("check-result")

    async def update(self) -> None:
        """List the gestures anew if the set has changed."""
        with self._robot.lock:
            model = self._robot.history.model
        name = None if model is None else model.name
        if name is None or name == self._model:
            return
        try:
            listed = await self._robot.ask("recognition/list_gestures")
        except InputError as error:
            # Said once, not in a message: it is asked again until recognition answers.
            if str(error) != self._problem:
                self._problem = str(error)
                self._cards.clear()
                with self._cards:
                    ui.html(f'<p class="none">{escape(self._problem)}</p>', sanitize=False)
            return
        self._model, self._problem = name, ""
        await self._list(listed)

    async def _list(self, listed: Any) -> None:
        self._cards.clear()
        self._result.clear()
        self._check_button.set_enabled(bool(listed.labels))
        self._folder.set_text(listed.folder)
        with self._cards:
            if not listed.folder:
                ui.html(
                    '<p class="none">recognition has no folder for gestures. Start it with '
                    "<code>--gestures FOLDER</code>, or <code>gestures:=FOLDER</code> of the "
                    "launch file.</p>",
                    sanitize=False,
                )
            elif not listed.labels:
                ui.html('<p class="none">No gesture of yours yet: record one.</p>', sanitize=False)
        for label, count in zip(listed.labels, listed.examples, strict=True):
            await self._add_card(label, count)
        if listed.background_examples:
            await self._add_card(BACKGROUND, listed.background_examples)

    async def _add_card(self, label: str, count: int) -> None:
        with (
            self._cards,
            named(ui.element("article").classes("gesture"), data_label=label),
        ):
            is_gesture = label != BACKGROUND
            title = escape(label) if is_gesture else "None of them"
            with ui.row().classes("heading"):
                ui.html(f"<h3>{title}</h3><span>{count} examples</span>", sanitize=False)
                if is_gesture:
                    for text, action in (
                        ("Record more", lambda: self._record_more(label)),
                        ("Rename", lambda: self._rename(label)),
                        ("Forget", lambda: self._forget(label)),
                    ):
                        quiet_button(text, action, flat=True).props(
                            f'dense data-action="{text.split()[0].lower()}"'
                        )
            loops = ui.element("div").classes("loops")
        for index in range(count):
            example = await attempt(
                self._robot.ask("recognition/get_example", label=label, index=index)
            )
            if example is None:
                return
            title = f"{label}, example {index + 1}"
            drawing = await _draw(bytes(example.keypoints), escape(title))
            with loops, ui.element("div").classes("loop"):
                ui.html(drawing, sanitize=False)
                if count > 1 or not is_gesture:
                    button = ui.button(
                        icon="close",
                        color=None,
                        on_click=lambda _, one=example.example: self._remove(label, one),
                    )
                    named(button.props("round flat dense size=sm"), aria_label=f"Delete {title}")

    async def _change(self, service: str, **fields: str) -> None:
        response = await attempt(self._robot.ask(f"recognition/{service}", **fields))
        if response is not None:
            ui.notify(response.message, type="positive")
            self._model = None

    async def _remove(self, label: str, example: str) -> None:
        await self._change("remove_example", label=label, example=example)

    async def _forget(self, label: str) -> None:
        with ui.dialog() as dialog, ui.card():
            ui.label(f"Forget {label} and its examples?")
            with ui.row():
                ui.button("Forget", on_click=lambda: dialog.submit(True)).props("no-caps")
                quiet_button("Keep", lambda: dialog.submit(False), flat=True)
        if await dialog:
            await self._change("forget", label=label)
        dialog.delete()

    async def _rename(self, label: str) -> None:
        with ui.dialog() as dialog, ui.card():
            name = ui.input("New name", value=label).props("autofocus maxlength=64")
            name.on("keydown.enter", lambda: dialog.submit(name.value))
            with ui.row():
                ui.button("Rename", on_click=lambda: dialog.submit(name.value)).props("no-caps")
                quiet_button("Cancel", lambda: dialog.submit(None), flat=True)
        new = await dialog
        if new and new.strip() != label:
            await self._change("rename_gesture", label=label, new_label=new.strip())
        dialog.delete()

    async def _check(self) -> None:
        self._check_button.props("loading")
        response = await attempt(self._robot.ask("recognition/check_gestures"))
        self._check_button.props(remove="loading")
        if response is None:
            return
        check = read_check(
            response.labels, response.thresholds, response.taken_for, response.false_share
        )
        alike = check.most_alike
        drawings = []
        for label in alike[:2] if alike is not None else ():
            example = await attempt(
                self._robot.ask("recognition/get_example", label=label, index=0)
            )
            if example is not None:
                drawing = await _draw(bytes(example.keypoints), escape(label))
                drawings.append(
                    f"<figure>{drawing}<figcaption>{escape(label)}</figcaption></figure>"
                )
        self._result.clear()
        with self._result:
            ui.html(check_table(check), sanitize=False).classes("scroll")
            if alike is not None:
                one, other, count = alike
                ui.html(
                    f"<p>Most alike: <b>{escape(one)}</b> and <b>{escape(other)}</b> are taken for "
                    f"each other {count} times. Show them more differently, or record more.</p>"
                    f'<div class="alike">{"".join(drawings)}</div>',
                    sanitize=False,
                )


async def _draw(content: bytes, title: str) -> str:
    """Return the moving drawing of an example in a file."""

    def draw() -> str:
        return skeleton_loop(ClipKeypoints.from_bytes(content), title)

    return await asyncio.to_thread(draw)
