"""A server on this machine that streams JPEG images by RTSP (RFC 2326) and RTP (RFC 2435)."""

from __future__ import annotations

import socketserver
import struct
import threading

import cv2
import numpy as np
from mjpeg_server import HEIGHT, PERIOD_S, WIDTH

PUBLIC = "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN"
SDP = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=test\r\nt=0 0\r\nm=video 0 RTP/AVP 26\r\n"
CHANNEL = 0


class RtspServer:
    """Streams grey images over the connection of the requests, as RTSP over TCP does."""

    def __init__(self) -> None:
        self.level = 100
        self._stopped = threading.Event()
        server = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                server.talk(self)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def address(self) -> str:
        return f"rtsp://127.0.0.1:{self._server.server_address[1]}/live"

    def close(self) -> None:
        """Cut every connection and refuse new ones."""
        self._stopped.set()
        self._server.shutdown()
        self._server.server_close()

    def talk(self, connection: socketserver.StreamRequestHandler) -> None:
        while line := connection.rfile.readline().decode():
            headers = {}
            while (header := connection.rfile.readline().decode().strip()) != "":
                name, _, value = header.partition(":")
                headers[name.lower()] = value.strip()
            verb = line.split()[0]
            body = SDP if verb == "DESCRIBE" else ""
            answer = ["RTSP/1.0 200 OK", f"CSeq: {headers['cseq']}", "Session: 1"]
            answer += [f"Public: {PUBLIC}"] if verb == "OPTIONS" else []
            answer += [f"Transport: {headers['transport']}"] if verb == "SETUP" else []
            answer += ["Content-Type: application/sdp"] if body else []
            answer += [f"Content-Length: {len(body)}", "", body]
            connection.wfile.write("\r\n".join(answer).encode())
            if verb == "PLAY":
                self._stream(connection)
                return

    def _stream(self, connection: socketserver.StreamRequestHandler) -> None:
        number = 0
        try:
            while not self._stopped.wait(PERIOD_S):
                header = struct.pack("!BBHII", 0x80, 0x80 | 26, number % 65536, number * 1800, 1)
                packet = header + self._payload()
                connection.wfile.write(struct.pack("!cBH", b"$", CHANNEL, len(packet)) + packet)
                number += 1
        except OSError:
            pass  # the client has gone

    def _payload(self) -> bytes:
        """Return an image small enough for one packet: its tables, and what follows its header."""
        image = np.full((HEIGHT, WIDTH, 3), self.level, np.uint8)
        jpeg = cv2.imencode(".jpg", image)[1].tobytes()
        tables, position = b"", 2
        while jpeg[position + 1] != 0xDA:
            (length,) = struct.unpack_from("!H", jpeg, position + 2)
            if jpeg[position + 1] == 0xDB:
                segment = jpeg[position + 4 : position + 2 + length]
                tables += b"".join(segment[at + 1 : at + 65] for at in range(0, len(segment), 65))
            position += 2 + length
        (length,) = struct.unpack_from("!H", jpeg, position + 2)
        scan = jpeg[position + 2 + length : -2]
        # Type 1 has half the colour resolution; quality 255 has tables of its own.
        return (
            bytes([0, 0, 0, 0, 1, 255, WIDTH // 8, HEIGHT // 8])
            + struct.pack("!BBH", 0, 0, len(tables))
            + tables
            + scan
        )
