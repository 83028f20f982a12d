"""Serves the page: NiceGUI behind the access control, on a thread of its own."""

from __future__ import annotations

import asyncio
import secrets
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Response
from nicegui import ui

from bharnet_ros.nodes.page.images import ImageFeed
from bharnet_ros.page.access import AccessControl
from bharnet_ros.types.errors import InputError

LOCAL, EVERYWHERE = "127.0.0.1", "0.0.0.0"
WAIT_SECONDS = 2.0
START_SECONDS = 30.0
KEPT_MESSAGES = 50
"""Messages to a browser that are kept until a lost connection is back; each may be large."""
_POLL_SECONDS = 0.02
_FILES = Path(__file__).parent


class PageServer:
    """A web server that shows one page.

    NiceGUI has one page for each process, so there can be only one.

    Attributes:
        url: Address of the page; with the token, if one is needed.
    """

    def __init__(
        self, images: ImageFeed, build: Callable[[], None], port: int, listen: bool
    ) -> None:
        """Take the port; `start` serves.

        Args:
            images: Served as `/live.jpg`.
            build: Fills the page for one browser.
            port: TCP port; 0 for a free one.
            listen: Whether other machines may use the page, with a token.

        Raises:
            InputError: The port is in use, or may not be used.
        """
        self._socket = _bind(EVERYWHERE if listen else LOCAL, port)
        port = self._socket.getsockname()[1]
        token = secrets.token_urlsafe(24) if listen else None
        name = socket.gethostname() if listen else LOCAL
        self.url = f"http://{name}:{port}/" + (f"?token={token}" if token else "")

        ui.page("/", title="bharnet", dark=None, response_timeout=START_SECONDS)(build)
        style, script = (
            (_FILES / name).read_text(encoding="utf-8") for name in ("style.css", "live.js")
        )
        # Not by add_css, whose rules come in a layer and give way to those of NiceGUI.
        ui.add_head_html(f"<style>{style}</style>", shared=True)
        ui.add_body_html(f"<script>{script}</script>", shared=True)
        served = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        # Not of NiceGUI's application, which would compress the image again.
        served.get("/live.jpg")(_live_image(images))
        ui.run_with(
            served,
            tailwind=False,
            show_welcome_message=False,
            message_history_length=KEPT_MESSAGES,
        )
        self._server = uvicorn.Server(
            uvicorn.Config(
                AccessControl(served, port, token),
                log_level="warning",
                access_log=False,
                timeout_graceful_shutdown=1,
                ws_max_size=1 << 20,
                ws_per_message_deflate=False,
            )
        )
        self._thread = threading.Thread(target=self._run, name="page server", daemon=True)

    def start(self) -> None:
        """Serve until `close`."""
        self._thread.start()

    def close(self) -> None:
        """Stop serving."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        self._server.run(sockets=[self._socket])


def _bind(host: str, port: int) -> socket.socket:
    taken = socket.socket()
    # A port whose last connections have not timed out yet is free.
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((host, port))
        # Already here: a browser that comes before the server is ready waits.
        taken.listen()
    except OSError as error:
        taken.close()
        raise InputError(f"parameter port: {port} cannot be used: {error.strerror}") from None
    return taken


def _live_image(images: ImageFeed) -> Callable[..., object]:
    async def live_image(after: int = 0) -> Response:
        """Return the first image newer than number `after`; 204 if none comes for a while."""
        for _ in range(round(WAIT_SECONDS / _POLL_SECONDS)):
            images.want()
            # Another number, not a greater one: it starts anew with the node.
            if images.number != after:
                number, content = await asyncio.to_thread(images.jpeg)
                if content:
                    headers = {"cache-control": "no-store", "x-number": str(number)}
                    return Response(content, media_type="image/jpeg", headers=headers)
            await asyncio.sleep(_POLL_SECONDS)
        return Response(status_code=204)

    return live_image
