"""Small things that the views share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from nicegui import ui

from bharnet_ros.types.errors import InputError

Result = TypeVar("Result")
Named = TypeVar("Named", bound=ui.element)


class Changing:
    """HTML that is sent to the browser only when it changes.

    Whatever comes from a topic or a browser must be escaped in it.
    """

    def __init__(self, classes: str = "") -> None:
        """Start empty.

        Args:
            classes: Classes of its element in the style of the page.
        """
        self._element = ui.html("", sanitize=False).classes(classes)

    def show(self, content: str) -> None:
        """Show other content."""
        if content != self._element.content:
            self._element.set_content(content)


def quiet_button(text: str, on_click: Callable[..., Any], *, flat: bool = False) -> ui.button:
    """Return a button that stands back behind the main one.

    Its colour is that of the style, because NiceGUI's own is too dark on a dark page.
    """
    button = ui.button(text, on_click=on_click, color=None)
    return button.props("flat no-caps" if flat else "outline no-caps").classes("quiet")


def named(element: Named, **attributes: str) -> Named:
    """Return an element with attributes of any text, such as names from topics.

    `props` would take quotes, backslashes and ends of lines in them for its own.

    Args:
        element: The element, before it is shown.
        attributes: Names, with underscores for hyphens, and values, not escaped.
    """
    element.props.update({name.replace("_", "-"): text for name, text in attributes.items()})
    return element


async def attempt(work: Awaitable[Result]) -> Result | None:
    """Wait for work and return its result; None if it cannot be done, which the user is told."""
    try:
        return await work
    except InputError as error:
        ui.notify(str(error), type="negative", multi_line=True, close_button="Close")
        return None


def live_image() -> None:
    """Show the camera image; `live.js` asks for the next when one is shown."""
    ui.html(
        '<div class="camera"><img class="live-image" alt="Camera image with the skeletons found">'
        '<p class="waiting">No image yet</p></div>',
        sanitize=False,
    ).classes("camera-box")
