"""Writing rosbag2 recordings without ROS."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import numpy.typing as npt
from rosbags.interfaces import (
    Connection,
    Qos,
    QosDurability,
    QosHistory,
    QosLiveliness,
    QosReliability,
    QosTime,
)
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.rosbag2.storage_mcap import McapWriter
from rosbags.rosbag2.storage_sqlite3 import Sqlite3Writer

from bharnet_ros.bags.mending import MCAP, mend
from bharnet_ros.bags.message_types import message_types
from bharnet_ros.messages.writing import MessageFactory
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.files import naming
from bharnet_ros.types.paths import check_new

Result = TypeVar("Result")

STORAGES = {"mcap": StoragePlugin.MCAP, "sqlite3": StoragePlugin.SQLITE3}
FLUSH_SECONDS = 2.0
COMPRESSIONS = {
    "none": CompressionMode.NONE,
    "message": CompressionMode.MESSAGE,
    "file": CompressionMode.FILE,
    "chunk": CompressionMode.STORAGE,
}
"""What zstd compresses: nothing, each message, the whole file, or the chunks of an mcap file."""

_FOREVER = QosTime(2**31 - 1, 2**32 - 1)
_LATCHED = Qos(
    QosHistory.KEEP_LAST,
    1,
    QosReliability.RELIABLE,
    QosDurability.TRANSIENT_LOCAL,
    _FOREVER,
    _FOREVER,
    QosLiveliness.AUTOMATIC,
    _FOREVER,
    False,
)


def recorded_messages() -> MessageFactory:
    """Return a factory of messages that `BagWriter.write` accepts."""

    def pack(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return values

    return MessageFactory(message_types().types.__getitem__, pack)


class BagWriter:
    """Writes one recording, which appears under its name only when it is closed and complete.

    Until then it is in a hidden folder beside its final place. As a context manager, closes the
    recording at the end of the block, or discards it after an error. Several threads may use it,
    one at a time.

    With `keep`, it has its name from the start, reaches the disk every few seconds, and what was
    written stays after an error: what was filmed cannot be filmed again.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        storage: str = "mcap",
        compression: str = "none",
        keep: bool = False,
    ) -> None:
        """Start a recording.

        Args:
            path: Folder of the recording; must not exist.
            storage: One of `STORAGES`.
            compression: One of `COMPRESSIONS`.
            keep: Whether what was written stays, whatever happens.

        Raises:
            InputError: The storage or the compression is unknown, or they do not fit together; or
                the path names the home of an unknown user.
            FileExistsError: `path` exists.
            FileNotFoundError: The parent folder does not exist.
            OSError: The recording cannot be written.
        """
        self.path = check_new(path)
        for name, value, known in (
            ("storage", storage, STORAGES),
            ("compression", compression, COMPRESSIONS),
        ):
            if value not in known:
                raise InputError(f"{name}: {value!r} is not one of {', '.join(known)}")
        if compression == "chunk" and storage != "mcap":
            raise InputError(f"compression: chunk needs storage mcap, not {storage}")
        self._types = message_types()
        self._connections: dict[str, Connection] = {}
        self._count = 0
        self._open = True
        # SQLite accepts only the thread that opened the file.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="bag writer")
        self._keep = keep
        self._flushed_s = time.monotonic()
        if keep:
            self._scratch = self.path
        else:
            with naming(self.path):
                hidden = tempfile.mkdtemp(prefix=f".{self.path.name}.", dir=self.path.parent)
            self._scratch = Path(hidden)
        try:
            self._writer = Writer(
                # The files in a recording take the name of its folder.
                self.path if keep else self._scratch / self.path.name,
                version=Writer.VERSION_LATEST,
                storage_plugin=STORAGES[storage],
            )
            self._writer.set_compression(COMPRESSIONS[compression], CompressionFormat.ZSTD)
            self._on_thread(self._writer.open)
        except BaseException:
            self._thread.shutdown()
            shutil.rmtree(self._scratch, ignore_errors=True)
            raise

    @property
    def count(self) -> int:
        """Number of messages written so far."""
        return self._count

    def add_topic(self, topic: str, message_type: str, *, latched: bool = False) -> None:
        """Declare a topic.

        Args:
            topic: Absolute name.
            message_type: Type of its messages, such as "sensor_msgs/msg/Image".
            latched: Whether late subscribers get the last message when the recording is played.

        Raises:
            InputError: The topic is already declared, or the type is unknown.
        """
        if topic in self._connections:
            raise InputError(f"topic {topic}: is already declared")
        if message_type not in self._types.types:
            raise InputError(f"topic {topic}: type {message_type!r} is not known")
        self._connections[topic] = self._on_thread(
            self._writer.add_connection,
            topic,
            message_type,
            typestore=self._types,
            offered_qos_profiles=[_LATCHED] if latched else [],
        )

    def write(self, topic: str, message: Any, time_ns: int) -> None:
        """Write a message that `recorded_messages` made.

        Args:
            topic: A declared topic.
            message: A message of its type.
            time_ns: Time at which it was received, nanoseconds.

        Raises:
            InputError: The topic is not declared.
            OSError: The message cannot be written.
        """
        connection = self._connection(topic)
        raw = self._types.serialize_cdr(message, connection.msgtype)
        self._write(connection, raw, time_ns)

    def write_serialised(self, topic: str, raw: bytes, time_ns: int) -> None:
        """Write a message that is already serialised (CDR); otherwise like `write`."""
        self._write(self._connection(topic), raw, time_ns)

    def close(self) -> None:
        """Complete the recording and move it to its path; a second call does nothing.

        After an error nothing is left of the recording, unless it is to be kept.

        Raises:
            InputError: No message was written.
            FileExistsError: Something else was created at the path in the meantime.
            OSError: The recording cannot be written.
        """
        if not self._open:
            return
        if self._keep and self._count:
            self._close_kept()
            return
        try:
            if not self._count:
                raise InputError(f"{self.path}: no message was recorded")
            self._on_thread(self._writer.close)
            check_new(self.path)
            self._writer.path.rename(self.path)
        finally:
            self.discard()

    def discard(self) -> None:
        """Delete the recording, unless it is closed."""
        if not self._open:
            return
        self._open = False
        self._on_thread(self._writer.abort)
        self._thread.shutdown()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def __enter__(self) -> BagWriter:
        """Return the writer."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the recording, or discard it after an error."""
        if error is None:
            self.close()
        elif self._keep and self._count:
            # The error that led here says more.
            with suppress(OSError):
                self.close()
        else:
            self.discard()

    def _close_kept(self) -> None:
        """Complete the recording, or at least make what was written readable."""
        self._open = False
        try:
            self._on_thread(self._writer.close)
        except OSError:
            self._on_thread(self._cut_off)
            raise
        finally:
            self._thread.shutdown()

    def _cut_off(self) -> None:
        with suppress(OSError):
            self._writer.abort()
        with suppress(OSError):
            for file in self.path.glob(f"*{MCAP}"):
                mend(file)

    def _flush(self) -> None:
        """Hand what was written to the system, so that it survives the end of this process."""
        storage = self._writer.storage
        if isinstance(storage, McapWriter):
            if storage.chunk.msgs:
                storage.close_chunk()
            storage.bio.flush()
        elif isinstance(storage, Sqlite3Writer):
            storage.conn.commit()

    def _connection(self, topic: str) -> Connection:
        if topic not in self._connections:
            raise InputError(f"topic {topic}: is not declared")
        return self._connections[topic]

    def _write(self, connection: Connection, raw: bytes | memoryview, time_ns: int) -> None:
        self._on_thread(self._writer.write, connection, time_ns, raw)
        self._count += 1
        if self._keep and time.monotonic() - self._flushed_s > FLUSH_SECONDS:
            self._on_thread(self._flush)
            self._flushed_s = time.monotonic()

    def _on_thread(self, function: Callable[..., Result], *values: Any, **named: Any) -> Result:
        """Run a function of the library on the thread that opened the file."""
        try:
            with naming(self.path):
                return self._thread.submit(function, *values, **named).result()
        except sqlite3.Error as error:
            raise OSError(f"{self.path}: {error}") from error
