"""Run a bench as a command."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NoReturn

from bharnet_ros.types.errors import InputError

BAD_INPUT = 2


def run_bench(main: Callable[[], int]) -> NoReturn:
    """Run `main` and exit with its status.

    A user's error becomes one line on stderr and status 2. Any other exception passes.
    """
    try:
        status = main()
    except (InputError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        status = BAD_INPUT
    sys.exit(status)
