"""Modules of bench/, as the tests import them."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def bench() -> Callable[[str], Any]:
    """Return a function from the name of a module of bench/, as "speed.gpu", to the module."""
    return lambda name: importlib.import_module(f"bench.{name}")
