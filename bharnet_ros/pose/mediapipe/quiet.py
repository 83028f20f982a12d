"""Hides the lines that MediaPipe prints on every start and that no setting turns off."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator

_STARTUP_NOISE = re.compile(
    r"INFO: Created TensorFlow Lite XNNPACK delegate"
    r"|All log messages before absl::InitializeLog"
    r"|inference_feedback_manager\.cc"
    r"|landmark_projection_calculator\.cc.*Using NORM_RECT without IMAGE_DIMENSIONS"
)


@contextlib.contextmanager
def without_startup_noise() -> Iterator[None]:
    """Keep MediaPipe's start-up lines off stderr; every other line passes."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as caught:
        os.dup2(caught.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            caught.seek(0)
            for line in _worth_printing(caught):
                os.write(2, line)


def _worth_printing(lines: Iterable[bytes]) -> Iterator[bytes]:
    return (line for line in lines if not _STARTUP_NOISE.search(line.decode(errors="replace")))
