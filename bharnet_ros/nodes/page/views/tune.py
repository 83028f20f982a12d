"""The view Tune: thresholds and times of events, and what the last minutes would have been."""

from __future__ import annotations

import asyncio
import math
from html import escape
from typing import Any

from nicegui import ui

from bharnet_ros.nodes.page.node import PageNode
from bharnet_ros.nodes.page.views.widgets import Changing, attempt, named, quiet_button
from bharnet_ros.page.history import RunningModel
from bharnet_ros.page.tuning import (
    Preview,
    effective_parameters,
    parameter_file,
    preview,
    tuned_parameters,
)
from bharnet_ros.types.errors import InputError

_COLUMNS = {
    "enter_threshold": ("begins above", 0.05),
    "exit_threshold": ("ends below", 0.05),
    "min_duration_s": ("high for, s", 0.05),
    "min_gap_s": ("low for, s", 0.05),
    "smoothing_s": ("smoothing, s", 0.05),
}
_FILE = "events.yaml"


class TuneView:
    """Changes thresholds and times, after a look at what they would have led to."""

    def __init__(self, robot: PageNode) -> None:
        """Build the view for one browser."""
        self._robot = robot
        self._model: RunningModel | None = None
        self._parameters: dict[str, Any] = {}
        self._fields: dict[str, dict[str, ui.number]] = {}
        with ui.element("section").classes("card"):
            ui.html("<h2>When an event begins and ends</h2>", sanitize=False)
            self._table = ui.element("div").classes("scroll")
            with ui.row().classes("buttons"):
                quiet_button("Try on the last minutes", self._try).props('data-action="try"')
                ui.button("Apply", on_click=self._apply).props('no-caps data-action="apply"')
                quiet_button("Save as file", self._save).props('data-action="save"')
                quiet_button("Back to what is used", self._read, flat=True).props(
                    'data-action="reset"'
                )
        with ui.element("section").classes("card"):
            ui.html("<h2>What the last minutes would have been</h2>", sanitize=False)
            self._result = Changing("preview")
            self._result.show('<p class="none">Change a value, then try it.</p>')

    async def update(self) -> None:
        """Read the values anew if there are other classes."""
        with self._robot.lock:
            model = self._robot.history.model
        if model is not None and model != self._model:
            self._model = model
            await self._read()

    async def _read(self) -> None:
        """Show the values that are in use."""
        if self._model is None:
            return
        parameters = await attempt(self._robot.event_parameters())
        if parameters is None:
            # Not again four times a second: the button reads them when the node is back.
            return
        self._parameters = parameters
        try:
            values = effective_parameters(self._model.events, parameters)
        except InputError as error:
            ui.notify(str(error), type="negative")
            return
        self._table.clear()
        self._fields = {}
        with self._table, ui.element("table").classes("tune"):
            with ui.element("thead"), ui.element("tr"):
                ui.element("td")
                for title, _ in _COLUMNS.values():
                    with ui.element("th").props("scope=col"):
                        ui.label(title)
            with ui.element("tbody"):
                for label, own in values.items():
                    self._add_row(label, own)

    def _add_row(self, label: str, values: dict[str, float]) -> None:
        with ui.element("tr"):
            with ui.element("th").props("scope=row"):
                ui.label(label)
            self._fields[label] = {}
            for name, (title, step) in _COLUMNS.items():
                with ui.element("td"):
                    entry = ui.number(value=round(values[name], 4), min=0, step=step)
                    self._fields[label][name] = named(
                        entry.props("dense outlined"),
                        aria_label=f"{label} {title}",
                        data_value=f"{label}.{name}",
                    )

    def _wanted(self) -> dict[str, Any]:
        """Return the parameters that give what the fields say.

        Raises:
            InputError: A field is empty, or its value is out of range.
        """
        if self._model is None or not self._fields:
            raise InputError("no thresholds are known yet: is the chain running?")
        wanted: dict[str, dict[str, float]] = {}
        for label, own in self._fields.items():
            wanted[label] = {}
            for name, entry in own.items():
                if entry.value is None or not math.isfinite(entry.value):
                    raise InputError(f"{label}: {_COLUMNS[name][0]}: is empty")
                wanted[label][name] = float(entry.value)
        return tuned_parameters(self._model.events, self._parameters, wanted)

    async def _try(self) -> None:
        async def work() -> Preview:
            wanted = self._wanted()
            with self._robot.lock:
                kept = self._robot.history.copy()
            return await asyncio.to_thread(preview, kept, self._parameters, wanted)

        found = await attempt(work())
        if found is not None:
            self._result.show(_in_words(found))

    async def _apply(self) -> None:
        async def work() -> None:
            wanted = self._wanted()
            changed = {
                name: value for name, value in wanted.items() if value != self._parameters.get(name)
            }
            await self._robot.set_event_parameters(changed)
            self._parameters = wanted
            ui.notify("Applied.", type="positive")

        await attempt(work())

    async def _save(self) -> None:
        async def work() -> None:
            ui.download.content(parameter_file(self._wanted()), _FILE)

        await attempt(work())


def _in_words(found: Preview) -> str:
    """Return how many events there would have been, and which."""
    if not found.seconds:
        return '<p class="none">No scores are kept yet.</p>'
    span = f"{found.seconds:.0f} s" if found.seconds < 120 else f"{found.seconds / 60:.1f} minutes"
    rows = "".join(
        f'<tr data-label="{escape(name)}"><th scope=row>{escape(name)}</th>'
        f"<td>{found.before[name]}</td>"
        f'<td class="{"other" if found.after[name] != found.before[name] else ""}">'
        f"{found.after[name]}</td></tr>"
        for name in found.labels
    )
    bars = "".join(
        f'<span class="event" title="{escape(one.label)}" '
        f'style="left:{100 * one.start_s / found.seconds:.2f}%;'
        f'width:{max(100 * one.duration_s / found.seconds, 0.3):.2f}%">{escape(one.label)}</span>'
        for one in found.found
    )
    table = (
        "<table class=counts><thead><tr><td></td><th scope=col>as it is</th>"
        f"<th scope=col>with these values</th></tr></thead><tbody>{rows}</tbody></table>"
    )
    return (
        f"<p>In the last {span} of scores there would have been {len(found.found)} events:</p>"
        f'{table if rows else ""}<div class="timeline"><span class="name">with these</span>'
        f'<div class="lane">{bars}</div></div>'
    )
