"""A user's gesture set: a folder with examples of each gesture, and of what is none."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from bharnet_ros.types.actions import BACKGROUND
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.files import write_whole
from bharnet_ros.types.keypoint_file import ClipKeypoints

DESCRIPTION = "gestures.json"
FORMAT = 1
"""Version of the layout of `gestures.json`."""

_NAME = re.compile(r"[^\W_][\w .+-]{0,63}")
_EXAMPLES = "examples"


class GestureSetError(InputError):
    """A gesture set cannot be used; the message names the file and what is wrong with it."""


@dataclass(frozen=True, eq=False)
class GestureSet:
    """Examples of gestures; changing a set returns another.

    Attributes:
        gestures: Examples of each gesture, in the order in which they were taught.
        background: Examples of what is no gesture: the user's rest, and motions that were taken
            for a gesture wrongly.
        model: Name of the bundle that the set was last used with.
        model_sha256: Hash of its weights. Another bundle is taught anew from the examples.
        either_hand: Gestures that either side of the body may show.
    """

    gestures: Mapping[str, tuple[ClipKeypoints, ...]] = field(default_factory=dict)
    background: tuple[ClipKeypoints, ...] = ()
    model: str = ""
    model_sha256: str = ""
    either_hand: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Check the names.

        Raises:
            InputError: A name cannot be used, or a gesture has no examples, or one that either hand
                may show is none of them.
        """
        for name, examples in self.gestures.items():
            check_gesture_name(name)
            if not examples:
                raise InputError(f"gesture {name!r}: has no examples")
        for name in sorted(self.either_hand - set(self.gestures)):
            raise InputError(f"either_hand: {name!r} is not in the set")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the gestures, in the order in which they were taught."""
        return tuple(self.gestures)

    @property
    def revision(self) -> str:
        """A short text that another set does not have: other names or other examples."""
        content = hashlib.sha256()
        for name, examples in (*self.gestures.items(), (BACKGROUND, self.background)):
            content.update(name.encode())
            for one in examples:
                content.update(one.sha256.encode())
        content.update("/".join(sorted(self.either_hand)).encode())
        return content.hexdigest()[:8]

    def with_examples(
        self,
        name: str,
        examples: Iterable[ClipKeypoints],
        *,
        instead: bool = False,
        either_hand: bool = False,
    ) -> GestureSet:
        """Return a set in which a gesture has further examples.

        Args:
            name: The gesture.
            examples: Its further examples.
            instead: Whether to forget its own.
            either_hand: Whether either side of the body may show it; else that is as before.

        Raises:
            InputError: The name cannot be used, or there are no examples.
        """
        kept = () if instead else self.gestures.get(name, ())
        either = self.either_hand - {name} if instead else self.either_hand
        return replace(
            self,
            gestures={**self.gestures, name: (*kept, *examples)},
            either_hand=either | {name} if either_hand else either,
        )

    def used_with(self, model: str, sha256: str) -> GestureSet:
        """Return a set that was last used with this model.

        Args:
            model: Name of the bundle.
            sha256: Hash of its weights.
        """
        return replace(self, model=model, model_sha256=sha256)

    def with_background(self, examples: Iterable[ClipKeypoints]) -> GestureSet:
        """Return a set with further examples of what is no gesture."""
        return replace(self, background=(*self.background, *examples))

    def examples_of(self, name: str) -> tuple[ClipKeypoints, ...]:
        """Return the examples of a gesture, or of what is none for the name of the background.

        Raises:
            InputError: There is no such gesture.
        """
        if name == BACKGROUND:
            return self.background
        self._check_known(name)
        return self.gestures[name]

    def without_example(self, name: str, sha256: str) -> GestureSet:
        """Return a set without one example.

        Args:
            name: The gesture, or the name of the background.
            sha256: Hash of the example.

        Raises:
            InputError: There is no such gesture or example, or the gesture has no other one.
        """
        examples = self.examples_of(name)
        kept = tuple(one for one in examples if one.sha256 != sha256)
        if len(kept) == len(examples):
            raise InputError(f"gesture {name!r}: has no example {sha256[:16]!r}")
        if name == BACKGROUND:
            return replace(self, background=kept)
        if not kept:
            raise InputError(f"gesture {name!r}: this is its last example; forget the gesture")
        return replace(self, gestures={**self.gestures, name: kept})

    def without(self, name: str) -> GestureSet:
        """Return a set without a gesture.

        Raises:
            InputError: There is no such gesture.
        """
        self._check_known(name)
        return replace(
            self,
            gestures={one: kept for one, kept in self.gestures.items() if one != name},
            either_hand=self.either_hand - {name},
        )

    def renamed(self, name: str, other: str) -> GestureSet:
        """Return a set in which a gesture has another name.

        Raises:
            InputError: There is no such gesture, or the other name is taken or cannot be used.
        """
        self._check_known(name)
        if other in self.gestures:
            raise InputError(f"gesture {other!r}: there is one of this name already")
        return replace(
            self,
            gestures={other if one == name else one: kept for one, kept in self.gestures.items()},
            either_hand=frozenset(other if one == name else one for one in self.either_hand),
        )

    def _check_known(self, name: str) -> None:
        if name not in self.gestures:
            known = ", ".join(self.gestures) or "none"
            raise InputError(f"gesture {name!r}: is not in the set; known are: {known}")


def check_gesture_name(name: str) -> None:
    """Check that a gesture may have this name; it is also the name of a folder.

    Raises:
        InputError: It may not.
    """
    if name == BACKGROUND:
        raise InputError(f"gesture {name!r}: this name stands for what is no gesture")
    if not _NAME.fullmatch(name) or name.endswith((" ", ".")):
        raise InputError(
            f"gesture {name!r}: a name has up to 64 letters, digits and ' .+-_', begins with a "
            "letter or digit, and ends with neither space nor dot"
        )


def read_gesture_set(folder: Path) -> GestureSet:
    """Read a gesture set.

    Raises:
        GestureSetError: The folder or a file is missing or damaged, or is of another format; names
            it.
    """
    path = folder / DESCRIPTION
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise GestureSetError(f"{path}: no such file; is this a gesture set?") from None
    except (OSError, ValueError, RecursionError) as error:
        raise GestureSetError(f"{path}: cannot be read as JSON: {error}") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise GestureSetError(f"{path}: format: expected {FORMAT}")
    try:
        return GestureSet(
            gestures={
                name: tuple(_read_example(folder, one) for one in files)
                for name, files in content["gestures"].items()
            },
            background=tuple(_read_example(folder, one) for one in content["background"]),
            model=str(content["model"]),
            model_sha256=str(content["model_sha256"]),
            either_hand=frozenset(content.get("either_hand", ())),
        )
    except GestureSetError:
        raise
    except KeyError as error:
        raise GestureSetError(f"{path}: {error.args[0]} is missing") from error
    except (AttributeError, TypeError, ValueError) as error:
        raise GestureSetError(f"{path}: {error}") from error


def open_gesture_set(folder: Path) -> GestureSet:
    """Read a gesture set; an empty folder, or one left by a first write that was interrupted, is an
    empty set.

    Raises:
        GestureSetError: As for `read_gesture_set`.
    """
    if not folder.exists():
        raise GestureSetError(f"{folder}: no such folder; make an empty one to teach gestures into")
    if folder.is_dir() and all(
        one.name == _EXAMPLES or one.name.startswith(f".{DESCRIPTION}.") for one in folder.iterdir()
    ):
        return GestureSet()
    return read_gesture_set(folder)


def _read_example(folder: Path, entry: Mapping[str, str]) -> ClipKeypoints:
    """Read an example and check its hash."""
    path = folder / _EXAMPLES / entry["file"]
    if path.resolve().parent.parent != (folder / _EXAMPLES).resolve():
        raise GestureSetError(f"{folder / DESCRIPTION}: {entry['file']}: lies outside of the set")
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != entry["sha256"]:
            raise GestureSetError(
                f"{path}: sha256 is {found}, but {DESCRIPTION} says {entry['sha256']}"
            )
        example = ClipKeypoints.load(path)
        # Known already: compressing the example again to compute it would take long.
        vars(example)["sha256"] = found
        return example
    except OSError as error:
        raise GestureSetError(f"{path}: cannot be read: {error.strerror}") from error
    except GestureSetError:
        raise
    except InputError as error:
        raise GestureSetError(str(error)) from error


def write_gesture_set(folder: Path, gestures: GestureSet) -> None:
    """Write a gesture set, whole or not at all.

    Examples are written first, each to a file of its own, then `gestures.json`, which names them,
    takes the place of the one before; only then are files deleted that it no longer names. A set
    that is interrupted at any moment is the one before or the new one.

    Raises:
        OSError: A file cannot be written; the set is as it was.
    """
    examples = folder / _EXAMPLES
    examples.mkdir(parents=True, exist_ok=True)
    listed = {
        name: [_write_example(examples, name, one) for one in clips]
        for name, clips in gestures.gestures.items()
    }
    background = [_write_example(examples, BACKGROUND, one) for one in gestures.background]
    content = {
        "format": FORMAT,
        "model": gestures.model,
        "model_sha256": gestures.model_sha256,
        "gestures": listed,
        "background": background,
        "either_hand": sorted(gestures.either_hand),
    }
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    write_whole(folder / DESCRIPTION, text.encode())
    entries = [*background, *(entry for entries in listed.values() for entry in entries)]
    _delete_others(examples, {entry["file"] for entry in entries})


def _write_example(folder: Path, name: str, example: ClipKeypoints) -> dict[str, str]:
    """Write an example unless it is there, and return its entry in `gestures.json`."""
    sha256 = example.sha256
    file = Path(name) / f"{sha256[:16]}.npz"
    path = folder / file
    path.parent.mkdir(exist_ok=True)
    if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        write_whole(path, example.to_bytes())
    return {"file": file.as_posix(), "sha256": sha256}


def _delete_others(folder: Path, kept: Iterable[str]) -> None:
    """Delete examples that the set no longer names, and folders that are empty then.

    The set is whole already: what cannot be deleted stays and does no harm.
    """
    names = {folder / name for name in kept}
    with suppress(OSError):
        for subfolder in [path for path in folder.iterdir() if path.is_dir()]:
            for path in subfolder.iterdir():
                if path not in names and path.is_file():
                    path.unlink()
            if not any(subfolder.iterdir()):
                subfolder.rmdir()
