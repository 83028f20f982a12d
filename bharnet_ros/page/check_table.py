"""The check of a gesture set as a table."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from bharnet_ros.gestures.check import NONE, GestureCheck


def read_check(
    labels: Sequence[str],
    thresholds: Sequence[float],
    taken_for: Sequence[int],
    false_share: float,
) -> GestureCheck:
    """Return the check in the answer of the service `CheckGestures`.

    Args:
        labels: The gestures.
        thresholds: Probability at which an event of each begins.
        taken_for: For each gesture, how many of its examples are taken for each, and last for none.
        false_share: Share 0..1 of unknown motion that is taken for a gesture.
    """
    columns = (*labels, NONE)
    rows = [taken_for[len(columns) * row :][: len(columns)] for row in range(len(labels))]
    return GestureCheck(
        {
            label: {other: count for other, count in zip(columns, row, strict=True) if count}
            for label, row in zip(labels, rows, strict=True)
        },
        false_share,
        dict(zip(labels, thresholds, strict=True)),
    )


def check_table(check: GestureCheck) -> str:
    """Return a check as an HTML table: what the examples of each gesture are taken for.

    A cell says in its class how many that is, from `share0` to `share4`, and whether it is right.
    """
    labels = list(check.taken_for)
    head = "".join(f"<th scope=col>{escape(name)}</th>" for name in labels)
    rows = []
    for name in labels:
        examples = check.examples(name)
        cells = "".join(
            _cell(check.taken_for[name].get(other, 0), examples, right=other == name)
            for other in (*labels, NONE)
        )
        verdict = (
            "needs more examples"
            if examples == 1
            else f"{check.right(name)} of {examples} recognised"
        )
        rows.append(f"<tr><th scope=row>{escape(name)}</th>{cells}<td>{verdict}</td></tr>")
    return (
        f"<table class=check><thead><tr><td>shown, and taken for</td>{head}"
        f"<th scope=col>none</th><td></td></tr></thead><tbody>{''.join(rows)}</tbody></table>"
        f"<p>False events to expect: about {check.false_per_minute:.1f} a minute of unknown "
        "motion.</p>"
    )


def _cell(count: int, examples: int, *, right: bool) -> str:
    step = -(-4 * count // examples)
    kind = "right" if right else "wrong"
    return f'<td class="{kind} share{step}">{count or ""}</td>'
