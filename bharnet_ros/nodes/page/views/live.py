"""The view Live: the image, the probabilities, the events and how the nodes do."""

from __future__ import annotations

import time
from html import escape

from nicegui import ui

from bharnet_ros.nodes.conversions import time_from_ns
from bharnet_ros.nodes.page.node import PageNode
from bharnet_ros.nodes.page.views.widgets import (
    Changing,
    attempt,
    live_image,
    named,
    quiet_button,
)
from bharnet_ros.page.charts import probabilities, timeline
from bharnet_ros.page.health import Level
from bharnet_ros.page.history import SeenEvent
from bharnet_ros.recognition.events.parameters import EventParameters
from bharnet_ros.types.actions import BACKGROUND, Hand
from bharnet_ros.types.keypoints import NANOSECONDS

SHOWN_EVENTS = 10

SHOWN_S = 3.0
"""How long people who have left are still shown, seconds."""

_SIGNS = {Level.OK: "✓", Level.WARNING: "!", Level.ERROR: "✕", Level.STOPPED: "✕"}
_HANDS = {
    Hand.LEFT: "left hand",
    Hand.RIGHT: "right hand",
    Hand.BOTH: "both hands",
    Hand.NONE: "",
}
_REASONS = {
    "": "still going on",
    "ended": "ended",
    "replaced": "another action began",
    "retracted": "taken back: it did not last",
    "person_lost": "the person left the view",
    "source_lost": "no more scores came",
    "source_ended": "the recording is over",
    "time_jump": "the source began anew",
    "shutdown": "the node was stopped",
    "publisher_lost": "the node was killed",
}


class LiveView:
    """Shows what is recognised now and was in the last seconds."""

    def __init__(self, robot: PageNode) -> None:
        """Build the view for one browser."""
        self._robot = robot
        self._shown: object = None
        with ui.element("div").classes("columns"):
            with ui.element("section").classes("card"):
                live_image()
                self._now = Changing("now")
            with ui.element("section").classes("card"):
                ui.html("<h2>How sure it is</h2>", sanitize=False)
                self._people = Changing("people")
                ui.html(
                    '<p class="legend"><span class="key enter"></span>an event begins above '
                    '<span class="key exit"></span>and ends below '
                    '<span class="key event"></span>event</p>',
                    sanitize=False,
                )
        with ui.element("section").classes("card"):
            ui.html("<h2>Events</h2>", sanitize=False)
            self._timeline = Changing("timeline-box")
            self._events = ui.element("div").classes("events")
            with ui.row().classes("missed"):
                ui.label("Did it miss something that you have just done?")
                quiet_button("It was…", lambda: self._choose(None)).props("dense")
        self._choices = ui.element("div")
        with ui.element("section").classes("card"):
            ui.html("<h2>Nodes</h2>", sanitize=False)
            self._nodes = Changing("nodes")

    async def update(self) -> None:
        """Show what has changed."""
        with self._robot.lock:
            model = self._robot.history.model
        if model is None:
            used = EventParameters()
        else:
            used = await self._robot.used_parameters(model.events)
        with self._robot.lock:
            history = self._robot.history
            people = [(one, probabilities(history, one, used)) for one in history.people(SHOWN_S)]
            now_ns, events = history.now_ns, history.events
            actions = sorted(history.open_actions.items())
            rightable = {one.onset.event_id for one in events if history.can_right(one)}
            nodes = self._robot.health.nodes(time.monotonic())
        self._people.show(
            "".join(f"<h3>{escape(track)}</h3>{strips}" for track, strips in people)
            or '<p class="none">Nobody is in view.</p>'
        )
        self._now.show(
            "".join(f"<p><b>{escape(text)}</b> {escape(track)}</p>" for track, text in actions)
            or '<p class="none">No action at the moment</p>'
        )
        self._timeline.show(timeline(events, now_ns) if now_ns is not None else "")
        shown = [(one, one.onset.event_id in rightable) for one in events[:SHOWN_EVENTS]]
        if shown != self._shown:
            self._shown = shown
            self._list(shown)
        rows = "".join(
            f'<tr class="{one.level.value}"><td><span class="sign">{_SIGNS[one.level]}</span></td>'
            f"<th scope=row>{escape(one.node)}</th><td>{escape(one.text)}</td></tr>"
            for one in nodes
        )
        self._nodes.show(f"<table>{rows}</table>" if rows else '<p class="none">None reports.</p>')

    def _list(self, shown: list[tuple[SeenEvent, bool]]) -> None:
        self._events.clear()
        with self._events:
            if not shown:
                ui.html('<p class="none">No event yet</p>', sanitize=False)
            for event, rightable in shown:
                onset, newest = event.onset, event.newest
                clock = time.strftime("%H:%M:%S", time.localtime(onset.start_ns / NANOSECONDS))
                row = ui.element("div").classes("row-event")
                with named(row, data_label=onset.label, data_reason=newest.reason.value):
                    ui.html(
                        f"<b>{escape(onset.label)}</b> <span>{escape(onset.track_id)}</span> "
                        f"<span>{_HANDS[newest.hand]}</span> "
                        f"<span>score {newest.score:.2f}</span> <span>{clock}</span> "
                        f"<span>{event.length_s:.1f} s</span> "
                        f"<span>{_REASONS[newest.reason.value]}</span> "
                        f"<span>latency {event.latency_s:.2f} s</span>",
                        sanitize=False,
                    ).classes("facts-event")
                    if rightable:
                        with ui.row().classes("actions"):
                            quiet_button(
                                "Wrong: it was nothing",
                                lambda one=event: self._right(one, BACKGROUND),
                            ).props("dense")
                            quiet_button("It was…", lambda one=event: self._choose(one)).props(
                                "dense"
                            )

    async def _choose(self, event: SeenEvent | None) -> None:
        """Ask what an event, or the last seconds, really was, and learn it.

        The dialog stands apart from the list, which is drawn anew while the user decides.
        """
        listed = await attempt(self._robot.ask("recognition/list_gestures"))
        if listed is None:
            return
        with self._choices, ui.dialog() as dialog, ui.card():
            ui.html("<h3>It was</h3>", sanitize=False)
            with ui.row():
                for label in listed.labels:
                    quiet_button(label, lambda _, one=label: dialog.submit(one))
            name = ui.input("another gesture").props("dense outlined maxlength=64")
            name.on("keydown.enter", lambda: dialog.submit(name.value))
            with ui.row():
                ui.button("Learn it", on_click=lambda: dialog.submit(name.value)).props("no-caps")
                quiet_button("Cancel", lambda: dialog.submit(""), flat=True)
        label = await dialog
        dialog.delete()
        if label and label.strip():
            await self._right(event, label.strip())

    async def _right(self, event: SeenEvent | None, label: str) -> None:
        """Learn what an event, or the last seconds, really was."""
        robot = self._robot
        if event is not None and label == BACKGROUND:
            listed = await attempt(robot.ask("recognition/list_gestures"))
            if listed is None:
                return
            if event.onset.label not in listed.labels:
                ui.notify(
                    f"{event.onset.label} is one of the model's own gestures, which examples do "
                    "not change. Raise its threshold under Tune.",
                    type="warning",
                    multi_line=True,
                )
                return
        if event is None:
            answer = robot.ask("recognition/teach_from_window", label=label, seconds=6.0)
        else:
            newest = event.newest
            end_ns = max(newest.end_ns, newest.start_ns + NANOSECONDS // 10)
            answer = robot.ask(
                "recognition/teach_moment",
                label=label,
                track_id=event.onset.track_id,
                start=time_from_ns(event.onset.start_ns),
                end=time_from_ns(end_ns),
            )
        response = await attempt(answer)
        if response is not None:
            ui.notify(f"Learned. {response.message}", type="positive")
