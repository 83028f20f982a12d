"""A web server on this machine that streams JPEG images as network cameras do."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType

import cv2
import numpy as np

WIDTH, HEIGHT = 64, 48
PERIOD_S = 0.02


class MjpegServer:
    """Streams at `/live`, says 401 at `/secret`, sends text at `/text`, and is silent at `/hang`.

    The grey level of each image is `level`. `/clip.avi` is the file `clip`.
    """

    def __init__(self, port: int = 0, clip: Path | None = None) -> None:
        self.level = 100
        self.clip = clip
        self.served = 0
        self._cut = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.answer(self)

            def log_message(self, *_words: object) -> None:
                pass

        ThreadingHTTPServer.allow_reuse_address = True
        self._http = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return self._http.server_port

    def address(self, path: str = "/live", login: str = "") -> str:
        return f"http://{login}127.0.0.1:{self.port}{path}"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        path = request.path.partition("?")[0]
        if path == "/live":
            self._stream(request)
        elif path == "/clip.avi" and self.clip is not None:
            self._send(request, "video/x-msvideo", self.clip.read_bytes())
        elif path == "/text":
            self._send(request, "text/plain", b"no video")
        elif path == "/hang":
            self._cut.wait()
        elif path == "/secret":
            request.send_error(401, "Unauthorized")
        else:
            request.send_error(404, "Not Found")

    def close(self) -> None:
        """Cut every connection and refuse new ones."""
        self._cut.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def __enter__(self) -> MjpegServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _send(self, request: BaseHTTPRequestHandler, content: str, body: bytes) -> None:
        request.send_response(200)
        request.send_header("Content-Type", content)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    def _stream(self, request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        request.end_headers()
        try:
            while not self._cut.wait(PERIOD_S):
                image = np.full((HEIGHT, WIDTH, 3), self.level, np.uint8)
                jpeg = cv2.imencode(".jpg", image)[1].tobytes()
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                request.wfile.write(head.encode() + jpeg + b"\r\n")
                self.served += 1
        except OSError:
            pass  # the client has gone
        request.close_connection = True
