"""The view Teach: record gestures, look at their examples and check them."""

from __future__ import annotations

import asyncio
from html import escape

from nicegui import ui

from bharnet_ros.msg import TeachingProgress
from bharnet_ros.nodes.page.node import PageNode
from bharnet_ros.nodes.page.views.examples import ExampleCards
from bharnet_ros.nodes.page.views.widgets import Changing, attempt, live_image, quiet_button

COUNTDOWN_SECONDS = 3
EXAMPLES = 5

_SIGNS = {
    TeachingProgress.NOBODY: ("?", "wait"),
    TeachingProgress.REST: ("…", "wait"),
    TeachingProgress.SHOW_NOW: ("●", "go"),
    TeachingProgress.MOVING: ("●", "go"),
    TeachingProgress.TAKEN: ("✓", "good"),
    TeachingProgress.NOT_TAKEN: ("✕", "bad"),
    TeachingProgress.LEARNED: ("✓", "good"),
    TeachingProgress.FAILED: ("✕", "bad"),
    TeachingProgress.ENDED: ("✕", "bad"),
}
_OVER = (TeachingProgress.LEARNED, TeachingProgress.FAILED, TeachingProgress.ENDED)


class TeachView:
    """Records examples of a gesture, and shows what is known."""

    def __init__(self, robot: PageNode) -> None:
        """Build the view for one browser."""
        self._robot = robot
        self._since: int | None = None
        with ui.element("div").classes("columns"):
            with ui.element("section").classes("card"):
                live_image()
                self._seen = Changing("seen")
            with ui.element("section").classes("card"):
                ui.html("<h2>Record a gesture</h2>", sanitize=False)
                ui.html(
                    '<p class="none">Name it, press Record, and show it as often as asked, with '
                    "your hands at rest in between.</p>",
                    sanitize=False,
                )
                self._build_form()
                self._status = Changing("status")
        self._cards = ExampleCards(robot, self._record_more)

    def _build_form(self) -> None:
        self._form = ui.element("div").classes("form")
        with self._form:
            self._name = (
                ui.input("Name of the gesture", placeholder="come here")
                .props('outlined dense maxlength=64 data-field="name"')
                .on("keydown.enter", self._record)
            )
            self._examples = ui.number("Times", value=EXAMPLES, min=1, max=20, precision=0).props(
                'outlined dense data-field="times"'
            )
            self._either = ui.checkbox("Either hand may show it")
            ui.button("Record", on_click=self._record).props('no-caps data-action="record"')
        with ui.row().classes("running") as self._running:
            quiet_button("Stop and learn what was taken", self._stop).props('data-action="stop"')
        self._running.set_visibility(False)

    async def update(self) -> None:
        """Show how far the lesson is, who is seen and what is known."""
        with self._robot.lock:
            lesson = self._lesson()
        self._seen.show(self._who_is_seen())
        if lesson:
            self._status.show(_in_words(lesson))
            if lesson[-1].state in _OVER:
                self._end()
        await self._cards.update()

    def _lesson(self) -> list[TeachingProgress]:
        """Return the progress of the lesson that this browser has begun."""
        if self._since is None:
            return []
        newer = self._robot.progress_count - self._since
        return list(self._robot.progress)[-newer:] if newer > 0 else []

    def _who_is_seen(self) -> str:
        """Return which parts of a person are seen."""
        seen = self._robot.images.seen
        if seen is None or not seen.people:
            return '<span class="part missing">✕ nobody in view</span>'
        person = seen.people[0]
        left, right = person.hands_present
        parts = (("body", person.body_present), ("left hand", left), ("right hand", right))
        return "".join(
            f'<span class="part {"present" if found else "missing"}">{"✓" if found else "✕"} '
            f"{name}</span>"
            for name, found in parts
        )

    def _record_more(self, label: str) -> None:
        self._name.set_value(label)
        self._name.run_method("focus")
        ui.run_javascript("window.scrollTo({top: 0, behavior: 'smooth'})")

    async def _record(self) -> None:
        """Count down, then start the lesson."""
        name = str(self._name.value or "").strip()
        if self._since is not None:
            return
        if not name:
            ui.notify("Give the gesture a name first.", type="warning")
            return
        self._since = self._robot.progress_count
        self._form.set_visibility(False)
        for seconds in range(COUNTDOWN_SECONDS, 0, -1):
            self._status.show(
                f'<p class="count" role="timer">{seconds}</p><p>Get ready: hands at rest.</p>'
            )
            await asyncio.sleep(1.0)
        self._since = self._robot.progress_count
        started = await attempt(
            self._robot.ask(
                "recognition/teach",
                label=name,
                examples=int(self._examples.value or EXAMPLES),
                either_hand=bool(self._either.value),
            )
        )
        if started is None:
            self._status.show("")
            self._end()
            return
        self._running.set_visibility(True)
        self._status.show('<p class="said wait">Let your hands rest for a moment.</p>')

    async def _stop(self) -> None:
        if await attempt(self._robot.ask("recognition/stop_teaching")) is None:
            # No lesson is held any more, as after recognition was started anew.
            self._status.show("")
            self._end()

    def _end(self) -> None:
        self._since = None
        self._running.set_visibility(False)
        self._form.set_visibility(True)


def _in_words(lesson: list[TeachingProgress]) -> str:
    """Return what a lesson waits for, with a dot for each example, and what it took or refused."""
    progress = lesson[-1]
    sign, kind = _SIGNS.get(progress.state, ("", "wait"))
    text = progress.text or "I see you moving…"
    dots = "".join(
        f'<span class="{"taken" if place < progress.taken else "open"}"></span>'
        for place in range(progress.wanted)
    )
    results = "".join(
        f'<li class="{_SIGNS[one.state][1]}"><span class="sign">{_SIGNS[one.state][0]}</span> '
        f"{escape(one.text)}</li>"
        for one in lesson
        if one.state in (TeachingProgress.TAKEN, TeachingProgress.NOT_TAKEN)
    )
    return (
        f'<p class="said {kind}" role="status" data-state="{progress.state}">'
        f'<span class="sign">{sign}</span> {escape(text)}</p>'
        f'<p class="dots" aria-label="{progress.taken} of {progress.wanted} taken">{dots}</p>'
        f'<ul class="results">{results}</ul>'
    )
