"""Fixtures for tests of the page: its process, and a browser that looks at it."""

from __future__ import annotations

import importlib
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from processes import CLI, Process

PATIENCE = 90.0


class Browser:
    """A Chromium that looks at the page."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def all(self, selector: str) -> list[Any]:
        return self.driver.find_elements("css selector", selector)

    def see(self, selector: str, text: str = "", *, seconds: float = PATIENCE) -> Any:
        """Wait for a visible element that holds a text and return it."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                for one in self.all(selector):
                    if one.is_displayed() and text in one.text:
                        return one
            except Exception as error:  # drawn anew meanwhile
                if "stale" not in str(error).lower():
                    raise
            time.sleep(0.1)
        page = self.driver.find_element("css selector", "body").text
        pytest.fail(f"no {selector} with {text!r} in: {page}")

    def see_gone(self, selector: str) -> None:
        """Wait until there is no such element."""
        end = time.monotonic() + PATIENCE
        while self.all(selector):
            if time.monotonic() > end:
                pytest.fail(f"still there: {[one.text for one in self.all(selector)]}")
            time.sleep(0.1)

    def click(self, selector: str, text: str = "") -> None:
        """Click an element as soon as it is there and can be clicked."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                one = self.see(selector, text)
                self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", one)
                one.click()
                return
            except Exception as error:  # covered by a message, or drawn anew meanwhile
                if time.monotonic() > end or "Exception" not in type(error).__name__:
                    raise
                time.sleep(0.2)

    def write(self, selector: str, text: str) -> None:
        """Replace what stands in a field."""
        entry = self.see(selector)
        entry.send_keys("\ue009a\ue000")  # Ctrl+A
        entry.send_keys(text)

    def view(self, name: str) -> None:
        self.click(f'[data-view="{name}"]')

    def errors(self) -> list[str]:
        """What went wrong by the console since the last call."""
        return [one["message"] for one in self.driver.get_log("browser")]

    def loaded_elsewhere(self) -> list[str]:
        return self.driver.execute_script(
            "return performance.getEntriesByType('resource').map((one) => one.name)"
            ".filter((name) => !name.startsWith(location.origin) && !name.startsWith('blob:'))"
        )


@pytest.fixture
def browse(tmp_path: Path) -> Iterator[Callable[[str], Browser]]:
    """Return a function that opens the page in a Chromium of its own."""
    pytest.importorskip("selenium.webdriver", reason="needs selenium, of the extra `test`")
    for program in ("chromium", "chromedriver"):
        if shutil.which(program) is None:
            pytest.skip(f"needs {program} (Debian: apt install chromium chromium-driver)")
    open_browser = importlib.import_module("bench.pictures.report").open_browser
    opened: list[Browser] = []

    def begin(url: str) -> Browser:
        opened.append(Browser(open_browser(tmp_path / f"profile{len(opened)}", 1280, 1000)))
        opened[-1].driver.get(url)
        return opened[-1]

    yield begin
    for browser in opened:
        browser.driver.quit()


@pytest.fixture
def start(ros_domain: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return a function that starts a command of `bharnet`."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    processes: list[Process] = []

    def begin(*arguments: str) -> Process:
        processes.append(Process(CLI, *arguments))
        return processes[-1]

    yield begin
    for process in processes:
        process.kill()


@pytest.fixture
def start_page(start: Any) -> Callable[..., tuple[Process, str]]:
    """Return a function that starts `bharnet page` and returns its process and its address."""

    def begin(*arguments: str) -> tuple[Process, str]:
        process = start("page", "--port", "0", *arguments)
        process.wait_for_line("bharnet page: http")
        lines = [one for one in process.lines["stderr"] if one.startswith("bharnet page: ")]
        return process, lines[0].partition(": ")[2]

    return begin
