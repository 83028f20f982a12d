"""Recordings with their true actions, as a data set to train on."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from bharnet_ros.bags.examples import labelled_clips
from bharnet_ros.bags.reading import recording_name
from bharnet_ros.datasets.base import ClipDataset, RecordedClip
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.timeline import ANYBODY

RECORDINGS = "recordings"
"""Name of the split into recordings to train on and to test on, and kind of the data set."""


class LabelledRecordings(ClipDataset):
    """The true actions of recordings, and what people did between them as `background`.

    Each track in the truth of a recording counts as a person; so does the whole recording, if its
    truth names no tracks.

    Attributes:
        tested: Names of the recordings to test on.
    """

    def __init__(
        self, bags: Sequence[Path], truths: Sequence[str], tested: Collection[Path] = ()
    ) -> None:
        """Read all recordings.

        Args:
            bags: At least two recordings, with keypoints or images.
            truths: The truth of each recording, as for `read_truth`.
            tested: Recordings to test on; the last one if empty.

        Raises:
            InputError: A recording or its truth cannot be used, there is a single recording, or one
                to test on is not among them or leaves none to train on; names it.
            OSError: A file cannot be read.
        """
        tested = tested or bags[-1:]
        for bag in tested:
            if bag not in bags:
                raise InputError(f"--test-bags: {bag} is not one of --bags")
        if set(bags) <= set(tested):
            raise InputError("--bags: needs a recording to train on and another to test on")
        self.tested = tuple(recording_name(bag) for bag in tested)
        self._clips: list[RecordedClip] = []
        testing: list[bool] = []
        for bag, truth in zip(tqdm(bags, "read", unit="bag", leave=False), truths, strict=True):
            name = recording_name(bag)
            for number, (action, person) in enumerate(labelled_clips(bag, truth), start=1):
                subject = name if action.track_id == ANYBODY else f"{name}/{action.track_id}"
                self._clips.append(
                    RecordedClip(f"{name}: {number}", (person,), action.label, subject)
                )
                testing.append(bag in tested)
        self._testing = np.asarray(testing)
        self.names = np.asarray([clip.name for clip in self._clips])
        self.labels = np.asarray([clip.label for clip in self._clips])
        self.subjects = np.asarray([clip.subject for clip in self._clips])

    @property
    def protocols(self) -> tuple[str, ...]:
        """The one split by recordings."""
        return (RECORDINGS,)

    def parts(
        self, protocol: str, file: Path | None
    ) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """Return (N,) masks of training and test clips."""
        return ~self._testing, self._testing

    def clip(self, index: int) -> RecordedClip:
        """Return one clip."""
        return self._clips[index]
