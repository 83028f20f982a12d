"""Errors that a user can mend."""

from __future__ import annotations


class InputError(ValueError):
    """A user's input cannot be used: an argument, a parameter, a message or a file.

    The message names what is wrong and where. The command line prints it as one line; any other
    exception is a bug and keeps its traceback.
    """
