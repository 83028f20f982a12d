"""Exit status and messages of benches."""

from __future__ import annotations

from typing import Any

import pytest

from bharnet_ros.types.errors import InputError


def test_the_status_of_the_bench_is_the_exit_status(bench: Any) -> None:
    with pytest.raises(SystemExit) as exit_:
        bench("command_line").run_bench(lambda: 1)
    assert exit_.value.code == 1


@pytest.mark.parametrize("error", [InputError("--seed: is odd"), FileNotFoundError("no such file")])
def test_a_users_error_is_one_line_and_status_2(
    bench: Any, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    def main() -> int:
        raise error

    with pytest.raises(SystemExit) as exit_:
        bench("command_line").run_bench(main)
    assert exit_.value.code == 2
    assert capsys.readouterr().err == f"error: {error}\n"


def test_any_other_error_passes(bench: Any) -> None:
    def main() -> int:
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        bench("command_line").run_bench(main)
