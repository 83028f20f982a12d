"""The frame of the page: what runs, what is wrong, and the three views."""

from __future__ import annotations

import time
from collections.abc import Callable
from html import escape

from nicegui import ui

from bharnet_ros.nodes.page.node import OWN_NAMESPACE, PageNode
from bharnet_ros.nodes.page.views.live import LiveView
from bharnet_ros.nodes.page.views.teach import TeachView
from bharnet_ros.nodes.page.views.tune import TuneView
from bharnet_ros.nodes.page.views.widgets import Changing

UPDATE_SECONDS = 0.25

_VIEWS = (("live", LiveView), ("teach", TeachView), ("tune", TuneView))


def build_page(robot: PageNode, *, started: bool) -> Callable[[], None]:
    """Return the function that fills the page for one browser.

    Args:
        robot: What is shown.
        started: Whether the page has started the chain itself.
    """

    def build() -> None:
        ui.colors(primary="#005f9e", positive="#00775a", negative="#b3450a", warning="#8a6100")
        with ui.element("header").classes("top"):
            ui.html("<h1>bharnet</h1>", sanitize=False)
            tabs = ui.tabs().props('dense no-caps aria-label="Views"')
            with tabs:
                for name, _ in _VIEWS:
                    ui.tab(name, label=name.capitalize()).props(f'data-view="{name}"')
            facts = Changing("facts")
        banner = Changing("banner-box")
        panels = ui.tab_panels(tabs, value="live", animated=False, keep_alive=True).classes("views")
        views: dict[str, LiveView | TeachView | TuneView] = {}
        with panels:
            for name, view in _VIEWS:
                with ui.tab_panel(name):
                    views[name] = view(robot)

        looking = {"now": True}
        ui.on("looking", lambda event: looking.update(now=bool(event.args)))

        async def update() -> None:
            if not looking["now"]:
                return
            facts.show(_facts(robot))
            banner.show(_banner(robot, started))
            await views[str(tabs.value)].update()

        ui.timer(UPDATE_SECONDS, update)

    return build


def _facts(robot: PageNode) -> str:
    """Return which model runs where."""
    with robot.lock:
        model = robot.history.model
    namespace = robot.get_namespace()
    own = namespace == "/" or namespace.startswith(f"/{OWN_NAMESPACE}")
    facts = [] if own else [("namespace", namespace)]
    if model is not None:
        name, _, taught = model.name.partition("+")
        facts += [("model", name), ("variant", model.variant), ("device", model.device)]
        facts += [("gesture set", taught.partition("@")[0] or "none taught")]
    return "".join(f"<span><b>{key}</b> {escape(value)}</span>" for key, value in facts)


def _banner(robot: PageNode, started: bool) -> str:
    """Return what is wrong with the chain, and what to do; empty if nothing is."""
    with robot.lock:
        nothing_runs = robot.health.nothing_runs(time.monotonic())
        advice = robot.health.advice(time.monotonic())
        problem = robot.history.problem
    if robot.notice:
        return f'<div class="banner" role="alert"><p>{escape(robot.notice)}</p></div>'
    if nothing_runs and started:
        return '<div class="banner" role="status"><p>The chain is starting…</p></div>'
    if nothing_runs:
        space = robot.get_namespace()
        # Without a namespace, a run has its topics for itself.
        remap = f" --ros-args -r __ns:={space}"
        launch = "" if space == "/" else f" namespace:={space.strip('/')}"
        return (
            f'<div class="banner" role="status"><p>{escape(advice)} Start one of these in another '
            "terminal:</p><dl>"
            f"<dt>a webcam</dt><dd><code>bharnet run --source 0{escape(remap)}</code></dd>"
            "<dt>the built-in puppet</dt>"
            f"<dd><code>bharnet run --source puppet:gestures --loop{escape(remap)}</code></dd>"
            "<dt>a robot's camera</dt><dd><code>ros2 launch bharnet_ros recognize.launch.py "
            f"image_topic:=/camera/image_raw{escape(launch)}</code></dd></dl>"
            "<p>This page goes on by itself as soon as it runs.</p></div>"
        )
    if advice or problem:
        return f'<div class="banner" role="status"><p>{escape(advice or problem)}</p></div>'
    return ""
