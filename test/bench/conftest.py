"""Scripts of bench/, as the tests import them."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Return a function from the name of a script of bench/ to its module."""
    # Scripts import others of their folder.
    monkeypatch.syspath_prepend(str(BENCH))
    return importlib.import_module
