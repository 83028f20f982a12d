"""Starts a program of this package as a process."""

from __future__ import annotations

import importlib
import signal


def run(module: str) -> int:
    """Run the function `main` of a module and return its exit status.

    Args:
        module: Name of the module, whose imports may take seconds. SIGINT then ends the process
            at once, as SIGTERM does: it has nothing to finish, and Python would print where it is.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    return int(importlib.import_module(module).main())
