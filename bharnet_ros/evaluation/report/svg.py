"""Conversion of matplotlib figures to inline SVG with the colours and fonts of the page."""

from __future__ import annotations

import html
import io
import logging
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

# Colours that the page defines for light and dark. Figures contain a placeholder for each.
_ROLES = ("ink", "muted", "line", "right", "badly_timed", "wrong_label", "false", "missed", "tint")
SERIES = 8
"""Most curves in one figure, each with its own colour."""

_NAMES = (*_ROLES, *(f"series{number}" for number in range(SERIES)))
_PLACEHOLDERS = {name: f"#0a01{number:02x}" for number, name in enumerate(_NAMES)}

_SETTINGS = {
    "svg.hashsalt": "bharnet_ros",
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.size": 10.0,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    **dict.fromkeys(("text.color", "axes.labelcolor"), _PLACEHOLDERS["ink"]),
    **dict.fromkeys(("xtick.color", "ytick.color", "axes.edgecolor"), _PLACEHOLDERS["muted"]),
    "grid.color": _PLACEHOLDERS["line"],
}


def colour(name: str) -> str:
    """Return the placeholder of a colour of the page.

    Raises:
        KeyError: The page has no such colour.
    """
    return _PLACEHOLDERS[name]


def fill(outcome: str) -> tuple[float, float, float, float]:
    """Return the fill colour of a bar: pale if it is right, so that mistakes stand out."""
    return to_rgba(colour(outcome), 0.25 if outcome == "right" else 0.6)


@contextmanager
def figure_style() -> Iterator[None]:
    """Use the style of the page, whatever the user's matplotlib settings are."""
    with matplotlib.style.context(["default", _SETTINGS]), warnings.catch_warnings():
        # The browser draws the text, so glyphs that matplotlib's font lacks do not matter.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        warnings.filterwarnings("ignore", message="findfont")
        logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
        yield


def inline_svg(
    figure: Figure,
    name: str,
    title: str,
    description: str,
    tips: Mapping[str, str] | None = None,
) -> str:
    """Return a figure as an <svg> element for a page.

    Args:
        figure: Figure drawn inside `figure_style`, with colours from `colour`.
        name: Name of the figure, unique in the page; letters, digits and hyphens.
        title: Title for screen readers.
        description: What the figure shows, for screen readers.
        tips: Tooltips by the gid of an artist.
    """
    buffer = io.StringIO()
    figure.savefig(
        buffer,
        format="svg",
        metadata={"Date": None, "Creator": None, "Format": None, "Type": None},
    )
    drawn = buffer.getvalue()
    body = drawn[drawn.index(">", drawn.index("<svg")) + 1 :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    width, height = (inches * 72 for inches in figure.get_size_inches())
    for gid, text in (tips or {}).items():
        body = body.replace(f'<g id="{gid}">', f"<g><title>{html.escape(text)}</title>")
    body = _with_own_ids(body, name)
    body = re.sub(r"-?\d+\.\d{3,}(?:e-?\d+)?", _rounded, body)
    for role, placeholder in _PLACEHOLDERS.items():
        body = body.replace(placeholder, f"var(--{role.replace('_', '-')})")
    body = re.sub(r"\n\s*", "\n", body)
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}"'
        f' role="img" aria-labelledby="{name}-title {name}-description">'
        f'<title id="{name}-title">{html.escape(title)}</title>'
        f'<desc id="{name}-description">{html.escape(description)}</desc>{body}'
    )


def quiet_axes(axes: Axes) -> None:
    """Remove frame and ticks from the axes of a drawing."""
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def _with_own_ids(body: str, name: str) -> str:
    """Prefix the ids that are referred to with the name of the figure, and drop the others."""
    used = set(re.findall(r"(?:href=\"#|url\(#)([^\")]+)", body))
    body = re.sub(
        r' id="([^"]*)"',
        lambda match: f' id="{name}-{match[1]}"' if match[1] in used else "",
        body,
    )
    return re.sub(r"(href=\"#|url\(#)", lambda match: f"{match[1]}{name}-", body)


def _rounded(match: re.Match[str]) -> str:
    # Adding zero turns -0.0 into 0.0.
    return f"{round(float(match[0]), 2) + 0.0:g}"
