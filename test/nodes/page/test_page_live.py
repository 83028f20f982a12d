"""The page in a real browser: what runs, what is recognised, what is taught."""

from __future__ import annotations

from pathlib import Path

import pytest

from bharnet_ros.gestures.gesture_set import read_gesture_set

pytestmark = [pytest.mark.ros, pytest.mark.slow, pytest.mark.mediapipe]

PUPPET = ("run", "--source", "puppet:hello", "--loop", "--ros-args", "-r", "__ns:=/")


def test_a_chain_is_seen_by_two_browsers_killed_and_back(start, start_page, browse):
    page, url = start_page()
    first, second = browse(url), browse(url)
    first.see(".banner", "Nothing is running in namespace /.")
    assert "bharnet run --source 0" in first.see(".banner").text
    chain = start(*PUPPET)
    for browser in (first, second):
        browser.see('.row-event[data-label="hello"]', "right hand")
        browser.see('.strip[data-label="hello"]')
        browser.see("img.live-image.has-image")
        browser.see_gone(".banner")
    wide = "return document.querySelector('img.live-image').naturalWidth"
    assert first.driver.execute_script(wide) == 640
    assert "gestures" in first.see(".facts").text
    first.see(".nodes", "images with keypoints a second")
    chain.kill()
    first.see(".banner", "Nothing is running")
    start(*PUPPET)
    first.see('.lane .open[data-label="hello"]', "hello")
    first.see_gone(".banner")
    for browser in (first, second):
        assert browser.errors() == [] and browser.loaded_elsewhere() == []
    page.send(2)
    assert page.wait() == 0


def test_a_gesture_is_taught_by_clicks_alone_and_recognised(start_page, browse, tmp_path):
    page, url = start_page("--source", "puppet:hello", "--keep-classes", "yes")
    browser = browse(url)
    browser.see(".facts", "none taught")
    browser.view("teach")
    browser.see(".gestures", "No gesture of yours yet")
    browser.write('input[data-field="name"]', "come here")
    browser.write('input[data-field="times"]', "2")
    browser.click('[data-action="record"]')
    browser.see(".count", "3")
    browser.see(".results", "come here 1 of 2: taken")
    browser.see('.gesture[data-label="come here"]', "2 examples")
    browser.see('.gesture[data-label="come here"] .skeleton')
    browser.view("live")
    browser.see('.row-event[data-label="come here"]', "come here")

    browser.view("teach")
    browser.click('[data-action="check"]')
    browser.see(".check", "of 2 recognised")
    browser.click('.gesture[data-label="come here"] [aria-label^="Delete"]')
    browser.see('.gesture[data-label="come here"]', "1 examples")
    browser.click('[data-action="rename"]')
    browser.write(".q-dialog input", "hey")
    browser.click(".q-dialog button", "Rename")
    browser.see('.gesture[data-label="hey"]')

    browser.view("live")
    browser.click('.row-event[data-label="hey"] button', "Wrong: it was nothing")
    browser.see(".q-notification", "Learned.")
    browser.click('.row-event[data-label="hey"] button', "It was")
    browser.click(".q-dialog button", "hey")
    browser.view("teach")
    browser.see('.gesture[data-label="background"]', "1 examples")
    browser.see('.gesture[data-label="hey"]', "2 examples")
    browser.click('[data-action="forget"]')
    browser.click(".q-dialog button", "Forget")
    browser.see(".facts", "none taught")
    assert browser.errors() == []
    page.send(2)
    assert page.wait() == 0
    known = read_gesture_set(Path(tmp_path) / "data" / "bharnet_ros" / "gestures")
    assert known.names == () and len(known.background) == 1
