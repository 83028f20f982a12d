"""Videos at a network address: the streams of IP cameras, and files of a web server."""

from __future__ import annotations

import http.client
import os
import re
import socket
from http import HTTPStatus
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit

import cv2
import numpy as np
import numpy.typing as npt

from bharnet_ros.sources.frame import DEFAULT_FPS
from bharnet_ros.sources.live import LiveSource
from bharnet_ros.types.errors import InputError

SCHEMES = ("http", "https", "rtsp", "rtsps", "rtmp", "tcp", "udp", "rtp", "srt")
OPEN_SECONDS = 5.0
# Longer than `live.FRAME_TIMEOUT_SECONDS`, after which the stream counts as lost.
READ_SECONDS = 6.0
REASON_SECONDS = 2.0
_PORTS = {"http": 80, "https": 443, "rtsp": 554, "rtsps": 322, "rtmp": 1935}
_QUERY = "/?:@!$&'()*+,;=~%"
"""What a query may hold as it is (RFC 3986)."""

_SILENT = 0
# Before the first video is opened: FFmpeg would write lines of its own on stderr, again at every
# attempt to reopen.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "8")


class NetworkStream(LiveSource):
    """A live stream from the network. The time of a frame is that of its arrival.

    Args:
        name: The address, without a password.
        capture: The open stream.

    Raises:
        OSError: No frame arrives.
    """

    # Cameras restart and radio links break: every user of a network camera expects it back.
    reopens = True

    def __init__(self, name: str, capture: Any) -> None:
        """Wait for the first frame."""
        fps = float(capture.get(cv2.CAP_PROP_FPS))
        known = 0.0 < fps <= 1000.0
        super().__init__(name, "stream", capture, fps=fps if known else DEFAULT_FPS)

    def _grab(self) -> bool | None:
        # FFmpeg returns no frame once the connection is closed or silent.
        return True if self._capture.grab() else None

    def _decode(self) -> npt.NDArray[np.uint8] | None:
        found, image = self._capture.retrieve()
        return np.asarray(image, dtype=np.uint8) if found and image.ndim == 3 else None


def is_address(source: str) -> bool:
    """Return whether a source is a network address."""
    scheme, separator, _ = source.partition("://")
    return bool(separator) and scheme.lower() in SCHEMES


def without_password(source: str) -> str:
    """Return a source as it may be shown: an address without user name and password."""
    return re.sub(r"(?<=://)[^/?#]*@", "", source, count=1) if is_address(source) else source


def open_address(source: str) -> Any:
    """Open a network address with the FFmpeg of OpenCV.

    Args:
        source: The address. RTSP is read over TCP, unless OPENCV_FFMPEG_CAPTURE_OPTIONS says
            otherwise.

    Returns:
        The open `cv2.VideoCapture`.

    Raises:
        InputError: The address is not valid.
        OSError: It does not answer within `OPEN_SECONDS`, or sends no video; the message says why.
    """
    name = without_password(source)
    try:
        address = urlsplit(source)
        host, port = address.hostname, address.port
    except ValueError as error:
        raise InputError(f"source: {name!r} is not a valid address: {error}") from error
    if not host:
        raise InputError(f"source: {name!r} is not a valid address: it names no host")
    # By UDP, which FFmpeg tries first, firewalls let nothing through and lost packets smear images.
    os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;tcp")
    log_level = cv2.getLogLevel()
    cv2.setLogLevel(_SILENT)
    try:
        limits = [
            *(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, round(1000 * OPEN_SECONDS)),
            *(cv2.CAP_PROP_READ_TIMEOUT_MSEC, round(1000 * READ_SECONDS)),
        ]
        capture: Any = cv2.VideoCapture(source, cv2.CAP_FFMPEG, limits)
    finally:
        cv2.setLogLevel(log_level)
    if not capture.isOpened():
        raise OSError(f"source: {name} {_failure_reason(address, host, port)}")
    return capture


def _failure_reason(address: SplitResult, host: str, port: int | None) -> str:
    """Return what is wrong with an address that FFmpeg could not open."""
    scheme = address.scheme.lower()
    port = port or _PORTS.get(scheme)
    if scheme in ("udp", "rtp", "srt") or port is None:
        return f"sends no video within {OPEN_SECONDS:g} s"
    try:
        if scheme in ("http", "https"):
            return _http_reason(address, host, port)
        socket.create_connection((host, port), REASON_SECONDS).close()
    except (TimeoutError, http.client.HTTPException):
        return f"does not answer within {OPEN_SECONDS:g} s"
    except OSError as error:
        return f"does not answer: {error.strerror or error}"
    except UnicodeError as error:  # of a host whose name no server can have
        return f"is not a valid address: {error}"
    return "answers, but sends no video that can be decoded"


def _http_reason(address: SplitResult, host: str, port: int) -> str:
    """Return what a web server says to the request for an address.

    Raises:
        OSError, HTTPException: It does not answer.
    """
    secure = address.scheme.lower() == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = kind(host, port, timeout=REASON_SECONDS)
    try:
        path = quote(address.path or "/", safe="/%")
        path += f"?{quote(address.query, safe=_QUERY)}" if address.query else ""
        connection.request("GET", path)
        answer = connection.getresponse()
    finally:
        connection.close()
    if answer.status != HTTPStatus.OK:
        return f"answers with status {answer.status} {answer.reason}"
    return f"answers with {answer.getheader('Content-Type', 'data')}, which cannot be decoded"
