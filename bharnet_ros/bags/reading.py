"""Reading a rosbag2 recording: its topics, and their messages in the order of recording."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import yaml
from rosbags.interfaces import Connection, ConnectionExtRosbag2, MessageDefinitionFormat
from rosbags.rosbag2 import Reader, ReaderError
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

from bharnet_ros.bags.mending import MCAP, is_cut_off
from bharnet_ros.bags.message_types import is_readable, message_types
from bharnet_ros.messages.reading import Message
from bharnet_ros.types.errors import InputError

METADATA = "metadata.yaml"
_SUFFIXES = (MCAP, ".db3")


@dataclass(frozen=True)
class Topic:
    """A topic of a recording.

    Attributes:
        name: Name.
        type: Type of its messages, such as sensor_msgs/msg/Image; empty if there are several.
        messages: Number of messages.
    """

    name: str
    type: str
    messages: int


@dataclass(frozen=True, eq=False)
class Recorded:
    """A message of a recording.

    Attributes:
        topic: Its topic.
        log_ns: Time at which it was recorded, nanoseconds.
        message: The message itself.
        partners: Messages of other topics that belong to it; only `JoinedTopics` sets them.
    """

    topic: str
    log_ns: int
    message: Message
    partners: tuple[Recorded, ...] = ()


class Recording:
    """An open rosbag2 recording: a folder with a `metadata.yaml`, or one .mcap or .db3 file.

    Attributes:
        path: Path of the recording.
        name: Name of the folder, or of the file without its suffix.
        topics: Topics, sorted by name.
        start_ns: Time at which the first message was recorded, nanoseconds.
        end_ns: Time at which the last message was recorded, nanoseconds.
    """

    def __init__(self, path: Path | str) -> None:
        """Open a recording.

        Raises:
            FileNotFoundError: There is no such file or folder.
            InputError: It is not a recording, cannot be read or has no messages; names it.
        """
        self.path = Path(path)
        _check_path(self.path)
        _check_log(self.path)
        _check_end(self.path)
        self.name = recording_name(self.path)
        self._stores: dict[str, Typestore] = {}
        self._first: dict[str, Message] = {}
        with self._errors_named():
            self._reader = _open_reader(self.path)
        try:
            # Metadata edited by hand may hold values of a wrong type, which show only here.
            with self._errors_named():
                self.topics = tuple(
                    Topic(name, info.msgtype or "", info.msgcount)
                    for name, info in sorted(self._reader.topics.items())
                )
                self.start_ns = self._reader.start_time
                self.end_ns = self._reader.end_time - 1
            if not self._reader.message_count:
                raise InputError(f"{self.path}: has no messages")
        except InputError:
            self.close()
            raise

    def messages(self, *topics: str) -> Iterator[Recorded]:
        """Yield the messages of some topics in the order of recording.

        Raises:
            InputError: A topic is missing, its type is unknown, or a message or the file is
                broken; names the file, and the topic if the file can be read.
        """
        connections = [one for topic in topics for one in self._connections(topic)]
        with self._errors_named():
            for connection, log_ns, raw in self._reader.messages(connections):
                try:
                    message = self._types(connection).deserialize_cdr(raw, connection.msgtype)
                except Exception as error:  # broken bytes make the library raise anything
                    raise InputError(
                        f"{self.path}: topic {connection.topic}: a message cannot be read as "
                        f"{connection.msgtype}: {_reason(error)}"
                    ) from error
                yield Recorded(connection.topic, log_ns, message)

    def count(self, *topics: str) -> int:
        """Return the number of messages on some topics."""
        return sum(one.messages for one in self.topics if one.name in topics)

    def first(self, topic: str) -> Message:
        """Return the first message on a topic; reads it once.

        Raises:
            InputError: There is none, or as `messages` says.
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
        """Return the recording."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the files."""
        self.close()

    def _connections(self, topic: str) -> list[Connection]:
        """Return all connections of a topic: a merged recording has several."""
        found = [one for one in self._reader.connections if one.topic == topic]
        if not found:
            has = ", ".join(one.name for one in self.topics) or "none"
            raise InputError(f"{self.path}: has no topic {topic}; it has {has}")
        if len({one.msgtype for one in found}) > 1:
            types = ", ".join(sorted({one.msgtype for one in found}))
            raise InputError(f"{self.path}: topic {topic}: has several types, {types}")
        for connection in found:
            self._check_type(connection)
        return found

    def _check_type(self, connection: Connection) -> None:
        """Check that the messages of a connection can be decoded and have the fields we expect."""
        where = f"{self.path}: topic {connection.topic}"
        extension = connection.ext
        if isinstance(extension, ConnectionExtRosbag2) and extension.serialization_format != "cdr":
            raise InputError(f"{where}: serialised as {extension.serialization_format!r}, not cdr")
        name = connection.msgtype
        try:
            types = self._types(connection)
            known = name in types.fielddefs
            readable = known and is_readable(name, types)
        except Exception as error:  # a broken definition makes the library raise anything
            raise InputError(
                f"{where}: definition of {name} is broken: {_reason(error)}"
            ) from error
        if not known:
            raise InputError(f"{where}: type {name} is unknown, and the bag does not define it")
        if not readable:
            raise InputError(f"{where}: was recorded with another definition of {name}")

    def _types(self, connection: Connection) -> Typestore:
        """Return the types that the recording defines for a connection, else `message_types`."""
        definition = connection.msgdef
        if definition.format is not MessageDefinitionFormat.MSG:
            return message_types()
        if connection.msgtype not in self._stores:
            store = get_typestore(Stores.EMPTY)
            store.register(get_types_from_msg(definition.data, connection.msgtype))
            self._stores[connection.msgtype] = store
        return self._stores[connection.msgtype]

    @contextmanager
    def _errors_named(self) -> Iterator[None]:
        """Turn any error that a broken file makes the library raise into one that names it."""
        try:
            yield
        except InputError:
            raise
        except Exception as error:
            no_access = isinstance(error, FileNotFoundError | PermissionError)
            if no_access and str(self.path) in str(error):
                raise
            raise InputError(f"{self.path}: cannot be read: {_reason(error)}") from error


def recording_name(path: Path) -> str:
    """Return the name of a recording: of its folder, or of its file without the suffix."""
    if path.suffix in _SUFFIXES and not path.is_dir():
        return path.stem
    return path.resolve().name


def _check_path(path: Path) -> None:
    """Check that a path may be that of a recording, without opening it."""
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file or folder")
    if path.is_dir():
        if not (path / METADATA).is_file() and _only_file(path) is None:
            raise InputError(
                f"{path}: has no {METADATA}; `ros2 bag reindex` makes one, or name the .mcap or "
                ".db3 file in it"
            )
    elif path.suffix not in _SUFFIXES:
        kinds = " or ".join(("a folder", *_SUFFIXES))
        raise InputError(f"{path}: is not a recording: expected {kinds}")


def _check_log(path: Path) -> None:
    """Check that no database of a recording lacks messages that are in the log beside it."""
    for database in sorted(path.glob("*.db3")) if path.is_dir() else [path]:
        log = database.with_name(f"{database.name}-wal")
        if log.is_file() and log.stat().st_size:
            raise InputError(
                f"{log}: holds messages that were not moved into {database.name} when recording "
                f"was cut off; `sqlite3 {database} 'PRAGMA wal_checkpoint(TRUNCATE)'` moves them"
            )


def _check_end(path: Path) -> None:
    """Check that no .mcap file of a recording was cut off."""
    for file in sorted(path.glob(f"*{MCAP}")) if path.is_dir() else [path]:
        if file.suffix == MCAP and file.stat().st_size and is_cut_off(file):
            raise InputError(
                f"{file}: was cut off while it was recorded, or still is recorded; `bharnet mend "
                f"{path}` makes what it holds readable"
            )


def _open_reader(path: Path) -> Reader:
    """Open a recording; of a folder whose metadata does not name the storage, its only file."""
    if path.is_dir() and not (path / METADATA).is_file():
        path = _only_file(path) or path
    reader = Reader(path)
    try:
        reader.open()
    except ReaderError:
        file = _file_of_unnamed_storage(path)
        if file is None:
            raise
        reader = Reader(file)
        reader.open()
    return reader


def _only_file(folder: Path) -> Path | None:
    """Return the only file of a recording that ended before its metadata was written."""
    files = [file for file in folder.iterdir() if file.suffix in _SUFFIXES]
    return files[0] if len(files) == 1 else None


def _file_of_unnamed_storage(path: Path) -> Path | None:
    """Return the only file of a folder whose metadata names its storage by an empty text.

    The reindexing of one distribution leaves the name empty.
    """
    try:
        content = yaml.safe_load((path / METADATA).read_text(encoding="utf-8"))
        information = content["rosbag2_bagfile_information"]
        files = information["relative_file_paths"]
        unnamed = information["storage_identifier"] == "" and len(files) == 1
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError):
        return None
    file = path / Path(str(files[0])).name if unnamed else None
    return file if file is not None and file.is_file() else None


def _reason(error: Exception) -> str:
    """Return the text of an error on one line, or its type if it has no text."""
    return " ".join(str(error).split()) or type(error).__name__
