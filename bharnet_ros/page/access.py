"""Who may use the page: its own pages alone, and from other machines those who have the token."""

from __future__ import annotations

import hmac
import html
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, TypeAlias
from urllib.parse import parse_qs, quote, urlencode, urlsplit

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""Names of this machine; a page of another name that points here is refused."""

_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self' ws: wss:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
)
"""A browser loads nothing from elsewhere, and no other page shows this one in a frame."""

_HEADERS = (
    (b"content-security-policy", _POLICY.encode()),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)

_FORM = """<!doctype html><html lang="en"><meta charset="utf-8"><title>bharnet page</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>:root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;max-width:26rem;
margin:20vh auto;padding:0 1rem}input,button{font:inherit;padding:.4rem .6rem}</style>
<h1>bharnet page</h1><p>__PROBLEM__</p><form><label>Token
<input name="token" type="password" autocomplete="off" autofocus></label>
<button>Open</button></form></html>"""


class AccessControl:
    """An ASGI application that lets requests through to another if they may use it.

    Without a token, only this machine is served, under its own names: a web page elsewhere cannot
    reach it by a name that it points here. With a token, a request must carry it once, as
    `?token=...`; the browser then gets a cookie. Requests of other web pages are refused by their
    origin.
    """

    def __init__(self, application: Application, port: int, token: str | None = None) -> None:
        """Guard an application.

        Args:
            application: The application.
            port: Port that it is served on; part of the name of the cookie, because the browser
                sends cookies to all ports.
            token: What a browser must know; None if only this machine is served.
        """
        self._application = application
        self._token = token
        self._cookie = f"bharnet_page_{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or pass on one request."""
        if scope["type"] not in ("http", "websocket"):
            await self._application(scope, receive, send)
            return
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in scope["headers"]
        }
        if not self._right_host(headers) or not _same_origin(scope, headers):
            await _refuse(scope, send, 403, "This page is not for others.")
            return
        if self._token is not None and not self._has_cookie(headers):
            await self._ask_for_token(scope, send, self._token)
            return
        await self._application(scope, receive, _with_headers(send))

    def _right_host(self, headers: Mapping[str, str]) -> bool:
        return self._token is not None or _host_name(headers.get("host", "")) in LOOPBACK

    def _has_cookie(self, headers: Mapping[str, str]) -> bool:
        # Not by http.cookies, which drops all if another server of this machine set an odd one.
        pairs = (one.partition("=") for one in headers.get("cookie", "").split(";"))
        return any(
            name.strip() == self._cookie and self._is_token(value.strip())
            for name, _, value in pairs
        )

    def _is_token(self, given: str) -> bool:
        # Takes the same time for a token that is almost right.
        return hmac.compare_digest(given.encode(), (self._token or "").encode())

    async def _ask_for_token(self, scope: Scope, send: Send, token: str) -> None:
        """Exchange the token for a cookie, or ask for it."""
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        given = query.pop("token", [""])[0]
        if scope["type"] != "http" or not self._is_token(given):
            text = "This token is wrong." if given else "The terminal of this page printed a token."
            await _refuse(scope, send, 401, text)
            return
        rest = urlencode(query, doseq=True)
        # Not to where a path such as //elsewhere would lead; quoted, \ is not taken for / either.
        location = "/" + quote(scope["path"].lstrip("/")) + (f"?{rest}" if rest else "")
        cookie = f"{self._cookie}={token}; HttpOnly; SameSite=Strict; Path=/"
        await send(
            {
                "type": "http.response.start",
                "status": 303,
                "headers": [
                    (b"location", location.encode()),
                    (b"set-cookie", cookie.encode()),
                    (b"cache-control", b"no-store"),
                    *_HEADERS,
                ],
            }
        )
        await send({"type": "http.response.body", "body": b""})


def _host_name(host: str) -> str:
    """Return the name in a Host header, without the port; empty if it is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _place(origin: str) -> str:
    """Return name and port in an Origin header; empty if it is none."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _same_origin(scope: Scope, headers: Mapping[str, str]) -> bool:
    """Return whether a request comes from a page of this server, or from no page at all."""
    origin = headers.get("origin")
    if origin is None:
        # A browser always names the origin of a websocket, but not that of an image, which another
        # page could show. It may lead here.
        own = headers.get("sec-fetch-site", "none") in ("same-origin", "none")
        return scope["type"] == "http" and (own or headers.get("sec-fetch-mode") == "navigate")
    return _place(origin) == headers.get("host", "") != ""


async def _refuse(scope: Scope, send: Send, status: int, problem: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    body = _FORM.replace("__PROBLEM__", html.escape(problem)).encode()
    start = {
        "type": "http.response.start",
        "status": status,
        "headers": [
            (b"content-type", b"text/html; charset=utf-8"),
            (b"cache-control", b"no-store"),
            *_HEADERS,
        ],
    }
    await send(start)
    await send({"type": "http.response.body", "body": body})


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *_HEADERS]
        await send(message)

    return send_with_headers
