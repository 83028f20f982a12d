"""A fixture that imports modules of bench/."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def bench() -> Callable[[str], Any]:
    """Return a function that imports a module of bench/ by name, such as "speed.gpu"."""
    return lambda name: importlib.import_module(f"bench.{name}")
