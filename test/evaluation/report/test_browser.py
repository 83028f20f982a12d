"""The report in a real browser: it draws everything, loads nothing and fits a phone."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from bharnet_ros.evaluation.metrics.events import measure
from bharnet_ros.evaluation.report.page import PAGE, write_report

webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium, of the extra `test`")
FIGURES = ("outcomes", "confusion", "mistake0", "person0", "timeline0", "timeline1", "delays")
FIGURES += ("latencies", "early", "curves", "overlaps")


@pytest.fixture(scope="module")
def bench() -> Any:
    """Return the script that draws the report's picture; it has an example and starts a browser."""
    return importlib.import_module("bench.pictures.report")


@pytest.fixture(scope="module")
def browser(bench: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Return Chromium, showing a report."""
    for program in ("chromium", "chromedriver"):
        if shutil.which(program) is None:
            pytest.skip(f"needs {program} (Debian: apt install chromium chromium-driver)")
    folder = tmp_path_factory.mktemp("browser")
    timelines = bench.example(2)
    write_report(folder / "report", timelines, measure(timelines), command="bharnet evaluate bag")
    driver = bench.open_browser(folder / "profile", 1280, 900)
    try:
        driver.get((folder / "report" / PAGE).as_uri())
        yield driver
    finally:
        driver.quit()


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_the_screen_in_light_and_dark(browser: Any, width: int, scheme: str) -> None:
    size = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    seen, needed, colours = browser.execute_script(
        "const root = document.documentElement;"
        "const ink = getComputedStyle(document.body).color;"
        "const page = getComputedStyle(document.body).backgroundColor;"
        "return [root.clientWidth, root.scrollWidth, [ink, page]];"
    )
    assert seen == width
    assert needed <= seen
    # Wider content scrolls in its own box, as timelines and tables do on a phone.
    too_wide = browser.execute_script(
        "return [...document.querySelectorAll('body *')].filter(e => !e.closest('.scroll > *')"
        " && !e.closest('svg *') && !e.closest('details:not([open])')"
        " && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 80))"
    )
    assert too_wide == []
    brightness = [sum(map(int, colour[4:-1].split(","))) for colour in colours]
    assert (brightness[0] > brightness[1]) == (scheme == "dark")


def test_every_figure_is_drawn(browser: Any) -> None:
    sizes = browser.execute_script(
        "const sizes = {};"
        "for (const svg of document.querySelectorAll('main > section svg')) {"
        "  const box = svg.getBoundingClientRect();"
        "  sizes[svg.querySelector('title').id.replace('-title', '')] ="
        "    [box.width, box.height, svg.querySelectorAll('path, text').length];"
        "} return sizes;"
    )
    assert set(FIGURES) <= set(sizes)
    for name, (width, height, drawn) in sizes.items():
        assert width > 100 and height > 40, name
        assert drawn > 5, name


def test_figures_and_tables_are_described_for_screen_readers(browser: Any) -> None:
    nameless, unscoped = browser.execute_script(
        "return [[...document.querySelectorAll('svg')].filter(e => e.getAttribute('role') !== 'img'"
        " || !e.querySelector(':scope > title').textContent"
        " || !e.querySelector(':scope > desc').textContent).length,"
        " document.querySelectorAll('th:not([scope])').length]"
    )
    assert (nameless, unscoped) == (0, 0)
    levels = browser.execute_script(
        "return [...document.querySelectorAll('h1, h2, h3')].map(e => Number(e.tagName[1]))"
    )
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_details_open_without_a_script(browser: Any) -> None:
    browser.execute_script("document.querySelector('summary').scrollIntoView()")
    browser.find_element("css selector", "summary").click()
    width = browser.execute_script(
        "return document.querySelector('details svg').getBoundingClientRect().width"
    )
    assert width > 100


def test_the_page_loads_nothing_and_logs_no_error(browser: Any) -> None:
    loaded = browser.execute_script("return performance.getEntriesByType('resource').length")
    assert loaded == 0
    assert browser.get_log("browser") == []
