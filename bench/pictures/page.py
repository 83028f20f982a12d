"""Draw docs/page.png: the web page while the puppet performs."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from PIL import Image

from bench.command_line import run_bench
from bench.pictures.report import open_browser
from bench.speed.chain_process import ros_environment
from bench.speed.page import running_page

OUT = Path(__file__).resolve().parents[2] / "docs" / "page.png"
SIZE = (1120, 620)
COLOURS = 240
EVENTS = 4
PATIENCE = 600.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw the picture and print its path and size."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=OUT, help="the .png to write")
    parser.add_argument("--fps", default="15", help="images of the puppet a second")
    options = parser.parse_args(arguments)
    with ros_environment(), tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        source = ("--source", "puppet:gestures", "--fps", options.fps)
        with running_page(folder / "gestures", source) as (url, _):
            browser = open_browser(folder / "profile", *SIZE)
            try:
                size = {
                    "width": SIZE[0],
                    "height": SIZE[1],
                    "deviceScaleFactor": 1,
                    "mobile": False,
                }
                browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
                browser.get(url)
                end = time.monotonic() + PATIENCE
                while len(browser.find_elements("css selector", ".lane span")) < EVENTS:
                    if time.monotonic() > end:
                        raise OSError(f"{options.out}: no {EVENTS} events in {PATIENCE:.0f} s")
                    time.sleep(0.2)
                # The last event is open and its probability high.
                time.sleep(1.0)
                picture = Image.open(BytesIO(browser.get_screenshot_as_png())).convert("RGB")
            finally:
                browser.quit()
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(options.out, optimize=True)
    print(f"{options.out}: {options.out.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    run_bench(main)
