"""What continuous data sets give besides clips: whole recordings, and what happens in them when."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bharnet_ros.datasets.clip import ClipDataset
from bharnet_ros.keypoints import KeypointSequence


class LabelledSpan(NamedTuple):
    """One action in a recording; times are on the clock of its stamps, seconds."""

    label: str
    start_s: float
    end_s: float


@dataclass(frozen=True, eq=False)
class Recording:
    """One person over minutes, and what the person does.

    Attributes:
        name: Name of the recording in the data set.
        subject: Name of the person.
        person: Keypoints from the first frame to the last.
        actions: What happens, in the order of time; between them is background.
    """

    name: str
    subject: str
    person: KeypointSequence
    actions: tuple[LabelledSpan, ...]


class ContinuousDataset(ClipDataset):
    """A data set whose clips were cut out of longer recordings of one person each.

    Attributes:
        recording_names: (R,) name of each recording.
        recording_subjects: (R,) name of the person in it.
    """

    recording_names: npt.NDArray[np.str_]
    recording_subjects: npt.NDArray[np.str_]

    @abstractmethod
    def recording(self, index: int) -> Recording:
        """Read one recording whole.

        Raises:
            ValueError: Its file is broken; names it.
            OSError: Its file cannot be read.
        """
