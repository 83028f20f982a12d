"""A rosbag2 recording: its topics, and what was said on them in the order of recording."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from rosbags.interfaces import Connection, ConnectionExtRosbag2, MessageDefinitionFormat
from rosbags.rosbag2 import Reader
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

from bharnet_ros.bags.message_types import PACKAGE, message_types
from bharnet_ros.messages.reading import Message
from bharnet_ros.types.errors import InputError

METADATA = "metadata.yaml"
_SUFFIXES = (".mcap", ".db3")


@dataclass(frozen=True)
class Topic:
    """A topic of a recording.

    Attributes:
        name: Its name.
        type: Type of its messages, as sensor_msgs/msg/Image; empty where there are several.
        messages: How many there are.
    """

    name: str
    type: str
    messages: int


@dataclass(frozen=True, eq=False)
class Recorded:
    """A message of a recording.

    Attributes:
        topic: On which topic.
        log_ns: When it was recorded, nanoseconds.
        message: It.
        beside: Messages of other topics that belong to it, where they were looked for.
    """

    topic: str
    log_ns: int
    message: Message
    beside: tuple[Recorded, ...] = ()


class Recording:
    """An open rosbag2 recording: a folder with its `metadata.yaml`, or one .mcap or .db3 file.

    Attributes:
        path: Of the recording.
        name: Of the folder, or of the file without its ending.
        topics: By name.
        start_ns: When the first message was recorded, nanoseconds.
        end_ns: When the last one was.
    """

    def __init__(self, path: Path | str) -> None:
        """Open it.

        Raises:
            FileNotFoundError: There is no such file or folder.
            InputError: It is no recording, cannot be read or has no messages; names it.
        """
        self.path = Path(path)
        _check_place(self.path)
        with self._named():
            self._reader = Reader(self.path)
            self._reader.open()
        self.name = recording_name(self.path)
        self.topics = tuple(
            Topic(name, info.msgtype or "", info.msgcount)
            for name, info in sorted(self._reader.topics.items())
        )
        self.start_ns = self._reader.start_time
        self.end_ns = self._reader.end_time - 1
        self._stores: dict[str, Typestore] = {}
        self._first: dict[str, Message] = {}
        if not self._reader.message_count:
            self.close()
            raise InputError(f"{self.path}: has no messages")

    def messages(self, *topics: str) -> Iterator[Recorded]:
        """Yield the messages of some topics in the order of recording.

        Raises:
            InputError: A topic is missing, its type is unknown, or a message or the file is
                broken; names file and topic.
        """
        connections = [self._connection(topic) for topic in topics]
        with self._named():
            for connection, log_ns, raw in self._reader.messages(connections):
                try:
                    message = self._types(connection).deserialize_cdr(raw, connection.msgtype)
                except Exception as error:  # whatever broken bytes make the library raise
                    raise InputError(
                        f"{self.path}: topic {connection.topic}: a message is no "
                        f"{connection.msgtype}: {_reason(error)}"
                    ) from error
                yield Recorded(connection.topic, log_ns, message)

    def count(self, *topics: str) -> int:
        """Return how many messages there are on some topics."""
        return sum(one.messages for one in self.topics if one.name in topics)

    def first(self, topic: str) -> Message:
        """Return the first message on a topic.

        Raises:
            InputError: There is none; as for `messages`.
        """
        if topic not in self._first:
            found = next(self.messages(topic), None)
            if found is None:
                raise InputError(f"{self.path}: topic {topic} has no messages")
            self._first[topic] = found.message
        return self._first[topic]

    def close(self) -> None:
        """Close the files."""
        if self._reader.is_open:
            self._reader.close()

    def __enter__(self) -> Recording:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()

    def _connection(self, topic: str) -> Connection:
        found = [one for one in self._reader.connections if one.topic == topic]
        if not found:
            has = ", ".join(one.name for one in self.topics) or "none"
            raise InputError(f"{self.path}: has no topic {topic}; it has {has}")
        if len({one.msgtype for one in found}) > 1:
            types = ", ".join(sorted({one.msgtype for one in found}))
            raise InputError(f"{self.path}: topic {topic}: has several types, {types}")
        connection = found[0]
        self._check_type(connection)
        return connection

    def _check_type(self, connection: Connection) -> None:
        """Check that messages of a connection can be understood."""
        where = f"{self.path}: topic {connection.topic}"
        extension = connection.ext
        if isinstance(extension, ConnectionExtRosbag2) and extension.serialization_format != "cdr":
            raise InputError(f"{where}: serialised as {extension.serialization_format!r}, not cdr")
        name = connection.msgtype
        try:
            types = self._types(connection)
            known = name in types.fielddefs
            hashed = types.hash_rihs01(name) if known else ""
        except Exception as error:  # whatever a broken definition makes the library raise
            raise InputError(
                f"{where}: definition of {name} is broken: {_reason(error)}"
            ) from error
        if not known:
            raise InputError(f"{where}: type {name} is unknown, and the bag does not define it")
        if name.startswith(f"{PACKAGE}/"):
            ours = message_types()
            if name not in ours.fielddefs or hashed != ours.hash_rihs01(name):
                raise InputError(f"{where}: was recorded with another definition of {name}")

    def _types(self, connection: Connection) -> Typestore:
        """Return the types that the recording defines for a connection, or else our own."""
        definition = connection.msgdef
        if definition.format is not MessageDefinitionFormat.MSG:
            return message_types()
        if connection.msgtype not in self._stores:
            store = get_typestore(Stores.EMPTY)
            store.register(get_types_from_msg(definition.data, connection.msgtype))
            self._stores[connection.msgtype] = store
        return self._stores[connection.msgtype]

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Turn whatever a broken file makes the library raise into an error that names it."""
        try:
            yield
        except (ValueError, FileNotFoundError, PermissionError) as error:
            if str(self.path) in str(error):
                raise
            raise InputError(f"{self.path}: cannot be read: {_reason(error)}") from error
        except Exception as error:
            raise InputError(f"{self.path}: cannot be read: {_reason(error)}") from error


def recording_name(path: Path) -> str:
    """Return the name of a recording: of its folder, or of its file without the ending."""
    if path.suffix in _SUFFIXES and not path.is_dir():
        return path.stem
    return path.resolve().name


def _check_place(path: Path) -> None:
    """Check that there is what may be a recording."""
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file or folder")
    if path.is_dir():
        if not (path / METADATA).is_file():
            raise InputError(
                f"{path}: has no {METADATA}; `ros2 bag reindex` makes one, or name the .mcap or "
                ".db3 file in it"
            )
    elif path.suffix not in _SUFFIXES:
        raise InputError(f"{path}: is no recording: neither a folder nor {' nor '.join(_SUFFIXES)}")


def _reason(error: Exception) -> str:
    """Return what an error says, or its kind where it says nothing."""
    return " ".join(str(error).split()) or type(error).__name__
