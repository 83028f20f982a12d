"""Errors that a user can mend."""

from __future__ import annotations


class InputError(ValueError):
    """A user's input cannot be used: an argument, a parameter, a message or a file.

    The message names what is wrong and where. The command line prints it as one line; any other
    exception is a bug and keeps its traceback.
    """


LONGEST_LINE = 2000
"""Characters of an error that are shown."""


def one_line(text: str) -> str:
    """Return the text of an error as one line of printable characters, not too long.

    Parsers of YAML, for example, explain an error over several lines, and what an error quotes from
    a damaged file could be anything, also codes that drive a terminal.
    """
    line = " ".join(part.strip() for part in text.splitlines())
    shown = "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in line
    )
    return shown if len(shown) <= LONGEST_LINE else f"{shown[: LONGEST_LINE - 4]} ..."
