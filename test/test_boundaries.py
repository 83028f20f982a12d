"""Boundaries that the import contracts cannot check: messages are generated at installation."""

from __future__ import annotations

from pathlib import Path

import bharnet_ros


def test_only_nodes_import_generated_messages() -> None:
    package = Path(bharnet_ros.__file__).parent
    files = {file.relative_to(package) for file in package.rglob("*.py")}
    others = [file for file in files if file.parts[0] not in ("action", "msg", "srv", "nodes")]
    assert len(others) > 100
    for file in others:
        assert "bharnet_ros.msg" not in (package / file).read_text(encoding="utf-8"), file
