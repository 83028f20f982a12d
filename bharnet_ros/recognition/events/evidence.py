"""The evidence of one person's windows over time: smoothed scores and runs of support."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bharnet_ros.types.actions import ActionScores, TrackScores
from bharnet_ros.types.errors import InputError

# Float seconds since 1970 and float32 probabilities change slightly in a round trip.
_STAMP_TOLERANCE_NS = 1_000_000
_PROBABILITY_TOLERANCE = 1e-5


def check_scores(scores: ActionScores, class_count: int) -> None:
    """Check that scores have a probability in 0..1 for each class, and possible windows.

    Raises:
        InputError: They do not; names the track and the field.
    """
    seen: set[str] = set()
    for person in scores.tracks:
        where = f"track '{person.track_id}' at stamp {scores.stamp_ns} ns"
        if person.track_id in seen:
            raise InputError(f"{where}: occurs twice in the same scores")
        seen.add(person.track_id)
        for name in ("probabilities", "body_probabilities", "hand_probabilities"):
            values = np.asarray(getattr(person, name))
            if values.shape != (class_count,):
                raise InputError(
                    f"{where}: {name} must have shape ({class_count},), one for each class, "
                    f"got {values.shape}"
                )
            if not np.isfinite(values).all():
                raise InputError(f"{where}: {name} must be finite, got {values}")
            low, high = float(values.min()), float(values.max())
            if low < -_PROBABILITY_TOLERANCE or high > 1.0 + _PROBABILITY_TOLERANCE:
                raise InputError(f"{where}: {name} must be in 0..1, got {low} to {high}")
        if person.window_start_ns > person.window_end_ns:
            raise InputError(
                f"{where}: window_start_ns {person.window_start_ns} is after "
                f"window_end_ns {person.window_end_ns}"
            )
        if person.window_end_ns > scores.stamp_ns + _STAMP_TOLERANCE_NS:
            raise InputError(f"{where}: window_end_ns {person.window_end_ns} is after the stamp")


@dataclass(frozen=True, eq=False)
class EvidenceSettings:
    """How windows become evidence, for each of K classes.

    Attributes:
        support_threshold: (K,) probability from which a window supports a class.
        support_share: (K,) share 0..1 of a window that an action fills when the window begins to
            support it.
        smoothing_ns: (K,) time constant of the exponential smoothing, nanoseconds; 0 for none.
        min_gap_ns: (K,) longest gap in a run of support, nanoseconds.
    """

    support_threshold: npt.NDArray[np.float64]
    support_share: npt.NDArray[np.float64]
    smoothing_ns: npt.NDArray[np.int64]
    min_gap_ns: npt.NDArray[np.int64]


class TrackEvidence:
    """Smoothed probabilities of one person, and the time during which each class was supported.

    A window supports a class if the probability of the class reaches `support_threshold`. This is
    assumed to hold while the action fills at least `support_share` of the window. So the action
    began that share of a window before the end of the first window in a run of support, and ended
    that share after the beginning of the last. A run survives gaps without support up to the
    `min_gap_ns` of the class.

    Args:
        person: Scores of the first window.
        stamp_ns: Its stamp, nanoseconds.
        settings: How windows become evidence.

    Attributes:
        smoothed: (K,) probabilities, smoothed over stamps.
        stamp_ns: Stamp of the newest window, nanoseconds.
    """

    def __init__(self, person: TrackScores, stamp_ns: int, settings: EvidenceSettings) -> None:
        """Start with the first window of a person."""
        self._settings = settings
        self.stamp_ns = stamp_ns
        self.smoothed: npt.NDArray[np.float64] = np.array(person.probabilities, dtype=np.float64)
        window_start, self._window_end_ns = _window(person, stamp_ns)
        first, last = self._estimates(window_start)
        self._supported = self.smoothed >= settings.support_threshold
        self._in_run = self._supported.copy()
        # An action in the very first window was under way when the view began.
        self._run_start_ns = np.where(self._supported, window_start, first)
        self._run_end_ns = last

    def observe(self, person: TrackScores, stamp_ns: int) -> None:
        """Add the next window; `stamp_ns` must be later than the one before."""
        raw = np.asarray(person.probabilities, dtype=np.float64)
        settings = self._settings
        passed = (stamp_ns - self.stamp_ns) / np.maximum(settings.smoothing_ns, 1)
        keep = np.where(settings.smoothing_ns > 0, np.exp(-passed), 0.0)
        self.smoothed = raw + (self.smoothed - raw) * keep
        self.stamp_ns = stamp_ns
        window_start, self._window_end_ns = _window(person, stamp_ns)
        first, last = self._estimates(window_start)
        self._supported = raw >= settings.support_threshold
        self._run_start_ns = np.where(self._supported & ~self._in_run, first, self._run_start_ns)
        self._run_end_ns = np.where(self._supported, last, self._run_end_ns)
        bridged = self._in_run & (last - self._run_end_ns <= settings.min_gap_ns)
        self._in_run = self._supported | bridged

    def change_classes(self, places: Sequence[int | None], settings: EvidenceSettings) -> None:
        """Go on with other classes.

        Args:
            places: For each class from now on, its place among the classes before; None for a class
                without evidence.
            settings: How windows become evidence of these classes.
        """
        kept = np.array([place is not None for place in places])
        source = np.array([0 if place is None else place for place in places])
        self._settings = settings
        self.smoothed = np.where(kept, self.smoothed[source], 0.0)
        self._supported = kept & self._supported[source]
        self._in_run = kept & self._in_run[source]
        end = self._window_end_ns
        self._run_start_ns = np.where(kept, self._run_start_ns[source], end)
        self._run_end_ns = np.where(kept, self._run_end_ns[source], end)

    def _estimates(self, window_start: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return (K,) starts and ends of actions that the newest window alone supports."""
        length = self._window_end_ns - window_start
        covered = np.round(length * self._settings.support_share).astype(np.int64)
        return self._window_end_ns - covered, window_start + covered

    def start_ns(self, class_id: int) -> int:
        """Return the estimated start of an action from its newest run of support, nanoseconds."""
        return int(self._run_start_ns[class_id])

    def end_ns(self, class_id: int, *, cut_off: bool = False) -> int:
        """Return the estimated end of an action from its newest run of support, nanoseconds.

        Args:
            class_id: Index of the class.
            cut_off: Whether the view ended with the newest window. If so, an action that this
                window supports lasted to its last frame.
        """
        if cut_off and self._supported[class_id]:
            return self._window_end_ns
        return int(self._run_end_ns[class_id])


def _window(person: TrackScores, stamp_ns: int) -> tuple[int, int]:
    """Return start and end of a window, neither after the stamp, nanoseconds."""
    end = min(person.window_end_ns, stamp_ns)
    return min(person.window_start_ns, end), end
