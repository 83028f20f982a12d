"""Who may use the page, by its requests."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bharnet_ros.page.access import AccessControl

HERE = "127.0.0.1:8090"
TOKEN = "the-right-token"


def ask(
    token: str | None,
    path: str = "/",
    *,
    query: str = "",
    kind: str = "http",
    **headers: str,
) -> tuple[int | str, dict[str, str]]:
    """Return the status of an answer, or "passed", and its headers."""
    sent: list[Any] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "passed"})

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError("nothing is read")

    scope = {
        "type": kind,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    asyncio.run(AccessControl(application, 8090, token)(scope, receive, send))
    first = sent[0]
    found = {name.decode(): value.decode() for name, value in first.get("headers", ())}
    if sent[-1]["type"] == "passed":
        return "passed", found
    return first.get("status", first.get("code")), found


@pytest.mark.parametrize("host", [HERE, "localhost:8090", "[::1]:8090", "127.0.0.1"])
def test_this_machine_is_served_without_a_token(host):
    assert ask(None, host=host)[0] == "passed"


@pytest.mark.parametrize("host", ["evil.example:8090", "127.0.0.1.evil.example", "", "[::1"])
def test_a_foreign_name_that_points_here_is_refused(host):
    assert ask(None, host=host)[0] == 403
    assert ask(None)[0] == 403


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (f"http://{HERE}", "passed"),
        ("http://evil.example", 1008),
        ("http://127.0.0.1:9999", 1008),
        ("null", 1008),
        ("http://[broken", 1008),
    ],
)
def test_a_websocket_must_come_from_this_page(origin, status):
    assert ask(None, kind="websocket", host=HERE, origin=origin)[0] == status


def test_a_websocket_without_an_origin_is_refused():
    assert ask(None, kind="websocket", host=HERE)[0] == 1008


def test_a_form_of_another_page_is_refused():
    assert ask(None, host=HERE, origin="http://evil.example")[0] == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_page_may_lead_here_and_show_nothing_of_it(site):
    image = {"sec-fetch-site": site, "sec-fetch-mode": "no-cors"}
    assert ask(None, "/live.jpg", host=HERE, **image)[0] == 403
    link = {"sec-fetch-site": site, "sec-fetch-mode": "navigate"}
    assert ask(None, host=HERE, **link)[0] == "passed"
    own = {"sec-fetch-site": "same-origin", "sec-fetch-mode": "no-cors"}
    assert ask(None, "/live.jpg", host=HERE, **own)[0] == "passed"


def test_the_token_is_exchanged_for_a_cookie_and_leaves_the_address():
    status, headers = ask(TOKEN, "/", query=f"token={TOKEN}&view=teach", host="robot:8090")
    assert status == 303
    assert headers["location"] == "/?view=teach"
    name, _, rest = headers["set-cookie"].partition("=")
    assert name == "bharnet_page_8090"
    assert {"HttpOnly", "SameSite=Strict"} <= {one.strip() for one in rest.split(";")}
    cookie = headers["set-cookie"].split(";")[0]
    assert ask(TOKEN, host="robot:8090", cookie=cookie)[0] == "passed"
    origin = "http://robot:8090"
    with_cookie = ask(TOKEN, kind="websocket", host="robot:8090", origin=origin, cookie=cookie)
    assert with_cookie[0] == "passed"


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"query": "token=the-right-tokem"},
        {"query": "token="},
        {"query": "token=%FF%00"},
        {"cookie": "bharnet_page_8090=the-right-tokem"},
        {"cookie": f"bharnet_page_8091={TOKEN}"},
        {"cookie": "]]]=["},
    ],
)
def test_a_wrong_token_is_refused(given):
    assert ask(TOKEN, host="robot:8090", **given)[0] == 401
    origin = "http://robot:8090"
    socket = ask(TOKEN, kind="websocket", host="robot:8090", origin=origin, **given)
    assert socket[0] == 1008


def test_cookies_of_other_servers_of_this_machine_do_no_harm():
    cookie = f'other={{"a": [1]}}; bharnet_page_8090={TOKEN}; ]]]=['
    assert ask(TOKEN, host="robot:8090", cookie=cookie)[0] == "passed"


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("//evil.example/x", "/evil.example/x"),
        ("/\\evil.example", "/%5Cevil.example"),
        ("/a\r\nset-cookie: b", "/a%0D%0Aset-cookie%3A%20b"),
    ],
)
def test_the_token_leads_nowhere_else(path, location):
    headers = ask(TOKEN, path, query=f"token={TOKEN}", host="robot:8090")[1]
    assert headers["location"] == location


def test_a_browser_may_load_nothing_from_elsewhere():
    policy = ask(None, host=HERE)[1]["content-security-policy"]
    assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy
    assert "http:" not in policy and "https:" not in policy and "*" not in policy
