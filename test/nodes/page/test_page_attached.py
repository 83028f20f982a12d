"""The page beside nodes of the test: thresholds, access and what it costs."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from sensor_msgs.msg import Image

from bharnet_ros import msg
from bharnet_ros.nodes.action_event_publisher import ActionEventPublisher
from bharnet_ros.nodes.conversions import scores_to_message
from bharnet_ros.nodes.runtime.qos import LATCHED, RELIABLE, SENSOR
from bharnet_ros.types.actions import ActionScores, TrackScores

pytestmark = [pytest.mark.ros, pytest.mark.slow]

MODEL = {
    "name": "tiny",
    "variant": "base",
    "class_names": ["wave", "point", "background"],
    "background_id": 2,
    "enter_threshold": 0.6,
    "exit_threshold": 0.4,
    "support_share": 0.5,
    "device": "cpu",
    "window": 1.0,
    "stride": 0.1,
}


@contextmanager
def waving(graph) -> Iterator[None]:
    """Publish scores of somebody who waves every other second, in a namespace."""
    graph.probe.publisher(msg.ModelInfo, "/robot/model_info", LATCHED)(msg.ModelInfo(**MODEL))
    send = graph.probe.publisher(msg.ActionScores, "/robot/action_scores", RELIABLE)
    ended = threading.Event()

    def perform() -> None:
        number = 0
        while not ended.wait(0.1):
            number += 1
            now_ns = graph.probe.get_clock().now().nanoseconds
            row = np.array([0.8, 0.1, 0.1] if number // 10 % 2 else [0.0, 0.1, 0.9], np.float32)
            person = TrackScores("body_1", now_ns - 10**9, now_ns, row, row, row)
            send(scores_to_message(ActionScores(now_ns, (person,), model_name="tiny")))

    thread = threading.Thread(target=perform)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def test_thresholds_are_tried_applied_and_refused(graph, wait, start_page, browse):
    publisher = graph.add_active(
        ActionEventPublisher(cli_args=["--ros-args", "-r", "__ns:=/robot"])
    )
    with waving(graph):
        _, url = start_page("--namespace", "robot")
        browser = browse(url)
        browser.see('.row-event[data-label="wave"]', "wave")
        browser.view("tune")
        assert browser.see('[data-value="wave.enter_threshold"]').get_attribute("value") == "0.6"
        browser.write('[data-value="wave.enter_threshold"]', "0.95")
        browser.click('[data-action="try"]')
        row = browser.see('.counts tr[data-label="wave"]')
        before, after = (one.text for one in row.find_elements("css selector", "td"))
        assert int(before) > 0 and after == "0"
        browser.click('[data-action="apply"]')
        wanted = ["wave.enter_threshold=0.95"]
        wait(lambda: publisher.get_parameter("class_parameters").value == wanted, "the parameters")
        browser.write('[data-value="wave.exit_threshold"]', "0.99")
        browser.click('[data-action="apply"]')
        browser.see(".q-notification", "wave.exit_threshold: must not exceed enter_threshold")
        assert browser.errors() == []


def test_other_machines_need_the_token(start_page, browse):
    _, url = start_page("--listen")
    address, _, token = url.partition("?token=")
    address = f"http://127.0.0.1:{address.rpartition(':')[2]}"
    for wrong in ("", "?token=wrong", f"?token={token[:-1]}"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(address + wrong)
        assert refused.value.code == 401
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(f"{address}live.jpg{wrong}")
    browser = browse(f"{address}?token=wrong")
    browser.see("p", "This token is wrong.")
    browser.errors()  # of the refused page
    browser.write("input[name=token]", token)
    browser.click("button", "Open")
    browser.see(".banner", "Nothing is running")
    assert "token" not in browser.driver.current_url
    assert browser.errors() == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_a_phone_and_follows_the_system(start_page, browse, scheme):
    _, url = start_page()
    browser = browse("about:blank")
    size = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    browser.driver.get(url)
    browser.see(".banner", "Nothing is running")
    for view in ("teach", "tune", "live"):
        browser.view(view)
        needed, colours = browser.driver.execute_script(
            "const style = getComputedStyle(document.body);"
            "return [document.documentElement.scrollWidth, [style.color, style.backgroundColor]]"
        )
        assert needed <= 390, view
        ink, page = (sum(map(int, one[4:-1].split(","))) for one in colours)
        assert (ink > page) == (scheme == "dark")


def test_images_are_only_taken_while_a_browser_looks(graph, wait, start_page):
    def taken() -> list[bool]:
        topics = "/image_raw", "/keypoints"
        return [graph.probe.count_subscribers(topic) > 0 for topic in topics]

    graph.probe.create_publisher(Image, "/image_raw", SENSOR)
    _, url = start_page()
    wait(lambda: graph.probe.count_subscribers("/model_info"), "the page")
    assert taken() == [False, False]
    with urllib.request.urlopen(f"{url}live.jpg") as answer:
        assert answer.status == 204
    wait(lambda: taken() == [True, True], "the subscriptions")
    wait(lambda: taken() == [False, False], "their end")
