"""A user's gestures as classes: how sure it is that a window shows each of them, or none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bharnet_ros.gestures.head import fit_head
from bharnet_ros.recognition.embedding import Embeddings, FloatArray, Parts
from bharnet_ros.recognition.events.parameters import ClassParameters
from bharnet_ros.types.errors import InputError

_NEAREST = 3
"""Windows of examples to which a window is compared: one may be like it by chance."""

LIKENESS_WEIGHTS = (3.8, 3.4, -1.9, -2.8)
LIKENESS_BIAS = -2.5
"""Logistic regression of whether a window shows the gesture, from its cosines to the nearest
windows of the gesture, to their centre, to the user's own rest and to the rest of other people.
`python -m research taught_likeness` fits it to people whom the model was not trained on."""

_WEIGHTS = np.asarray(LIKENESS_WEIGHTS)

_EVENTS = {
    "exit_threshold": 0.5,
    "smoothing_s": 0.1,
    "min_duration_s": 0.1,
}
"""Event parameters of taught gestures; research/RESULTS.md compares other values."""

_ENTER_AFTER_ONE, _ENTER, _ENOUGH = 0.53, 0.67, 5
"""Enter threshold of a gesture with one example, and of one with enough of them: a single example
is less like the next performance than the nearest of five."""

_SUPPORT = 0.7
"""Share of a gesture, or of the window, that a window shows when it becomes likely."""

_MOST_WINDOWS, _LEAST_WINDOWS = 1500, 2
"""Windows of all examples together that classes are fitted to, and least of each example."""

_MOST_OWN_REST, _MOST_REST = 256, 512
"""Most windows of rest, of the user and of other people, that a window is compared to."""

_MIRRORED = "/mirrored"
"""Ends the name of a gesture that is shown with the other side; no gesture's name has a slash."""

_LEAST_SEEN = 0.2
"""Share of a gesture's windows in which a part must be seen, or it does not count."""


@dataclass(frozen=True, eq=False)
class EmbeddedExample:
    """An example as the model sees it.

    Attributes:
        shown: Windows that show the motion.
        rest: Windows that show the person at rest before and after it.
        duration_s: Length of the motion, seconds.
        mirrored: Windows that show the motion with the other side of the body; None if that is
            another gesture, or none.
    """

    shown: Embeddings
    rest: Embeddings
    duration_s: float
    mirrored: Embeddings | None = None


@dataclass(frozen=True, eq=False)
class _Likeness:
    """Tells how like the examples of one gesture a window is.

    Attributes:
        parts: What counts.
        shown: (D, M + 1) windows of the examples, of the parts that count; the last is their mean,
            of length 1, in which each example weighs the same.
        rests: (D, R + S) the user's own rest, then that of other people.
        own_rests: R.
    """

    parts: Parts
    shown: FloatArray
    rests: FloatArray
    own_rests: int

    def cosines(self, embeddings: Embeddings) -> FloatArray:
        """Return the measures (N, 4) that `LIKENESS_WEIGHTS` weigh."""
        vectors = embeddings.of_parts(self.parts)
        shown, rests = vectors @ self.shown, vectors @ self.rests
        measures = np.empty((len(vectors), 4), dtype=np.float32)
        measures[:, 0] = _nearest(shown[:, :-1])
        measures[:, 1] = shown[:, -1]
        measures[:, 3] = _nearest(rests[:, self.own_rests :])
        # Examples without a rest around them do not tell how their person rests.
        own = _nearest(rests[:, : self.own_rests]) if self.own_rests else measures[:, 3]
        measures[:, 2] = own
        return measures


class TaughtGestures:
    """Classes that were taught from examples.

    Attributes:
        name: Name of these classes.
        class_names: The gestures, in the order in which they were taught.
        class_parameters: Event parameters of each gesture.
    """

    def __init__(
        self,
        examples: Mapping[str, Sequence[EmbeddedExample]],
        *,
        name: str,
        rest: Embeddings,
        others_rest: Embeddings,
        window_s: float,
    ) -> None:
        """Fit the classes; takes well under a second for 50 gestures of 10 examples.

        Args:
            examples: Examples of each gesture.
            name: Name of the classes; another for other examples.
            rest: Windows of the user that show no gesture, beside those of the examples.
            others_rest: Windows of other people at rest.
            window_s: Length of the window, seconds.

        Raises:
            InputError: There are no gestures, or one has no example in which anything was seen.
        """
        if not examples:
            raise InputError("examples: need at least one gesture")
        self.name = name
        self.class_names = tuple(examples)
        count = sum(map(len, examples.values()))
        most = max(_MOST_WINDOWS // max(count, 1), _LEAST_WINDOWS)
        variants = _variants(examples)
        shown = {name: _shown(name, given, most) for name, given in variants.items()}
        parts = {name: _counting(windows) for name, (windows, _) in shown.items()}
        own_rest = Embeddings.join(
            [rest, *(one.rest for given in examples.values() for one in given)]
        )
        all_rest = [_some(own_rest, _MOST_OWN_REST), _some(others_rest, _MOST_REST)]
        rests = {one: Embeddings.join(all_rest).of_parts(one).T for one in set(parts.values())}
        self._likeness = [
            _likeness(windows, weights, parts[name], rests[parts[name]], len(all_rest[0]))
            for name, (windows, weights) in shown.items()
        ]
        self._counting = np.asarray([one.parts for one in self._likeness])
        self._head = fit_head(
            Embeddings.join([windows for windows, _ in shown.values()]),
            [name for name, (windows, _) in shown.items() for _ in range(len(windows))],
            weights=np.concatenate([weights for _, weights in shown.values()]),
            parts=parts,
        ).in_order(list(variants))
        self._gesture_of = [
            self.class_names.index(name.removesuffix(_MIRRORED)) for name in variants
        ]
        self.class_parameters: ClassParameters = {
            name: {
                **_EVENTS,
                "enter_threshold": _enter_threshold(len(given)),
                "support_share": _support_share(given, window_s),
            }
            for name, given in examples.items()
        }

    @property
    def enter_thresholds(self) -> dict[str, float]:
        """Probability at which an event of each gesture begins, in the order of the names."""
        return {name: own["enter_threshold"] for name, own in self.class_parameters.items()}

    def cosines(self, embeddings: Embeddings) -> tuple[list[str], FloatArray]:
        """Return the gesture that each of N windows is most like, and its measures (N, 4).

        The measures are those that `LIKENESS_WEIGHTS` weigh.
        """
        named = self._head.probabilities(embeddings).argmax(axis=1)
        gestures = [self.class_names[self._gesture_of[one]] for one in named]
        return gestures, self._measures(embeddings, named)

    def probabilities(self, embeddings: Embeddings) -> FloatArray:
        """Return the probability (N, J + 1) of each gesture; the last is that of none of them."""
        naming = self._head.probabilities(embeddings)
        named = naming.argmax(axis=1)
        logit = self._measures(embeddings, named) @ _WEIGHTS + LIKENESS_BIAS
        body, hand = self._counting[named].T
        seen = (body & embeddings.body_seen) | (hand & embeddings.hand_seen)
        known = (seen / (1.0 + np.exp(-logit))).astype(np.float32)[:, None]
        if len(self._gesture_of) > len(self.class_names):
            naming = naming @ np.eye(len(self.class_names), dtype=np.float32)[self._gesture_of]
        probabilities: FloatArray = np.concatenate([naming * known, 1.0 - known], axis=1)
        return probabilities

    def _measures(self, embeddings: Embeddings, named: npt.NDArray[np.integer]) -> FloatArray:
        """Return the measures (N, 4) of the variant (N,) that each window is most like."""
        if len(named) == 1:
            return self._likeness[int(named[0])].cosines(embeddings)
        measures = np.empty((len(embeddings), len(LIKENESS_WEIGHTS)), dtype=np.float32)
        for variant in np.unique(named):
            rows = named == variant
            measures[rows] = self._likeness[variant].cosines(embeddings.take(rows))
        return measures


def _likeness(
    shown: Embeddings,
    weights: FloatArray,
    parts: Parts,
    rests: FloatArray,
    own_rests: int,
) -> _Likeness:
    """Return the likeness to windows that count by their weights (M,)."""
    vectors = shown.of_parts(parts)
    centre = weights @ vectors
    centre /= max(float(np.linalg.norm(centre)), 1e-9)
    known = np.concatenate([vectors, centre[None]]).T
    return _Likeness(parts, known, rests, own_rests)


def _variants(
    examples: Mapping[str, Sequence[EmbeddedExample]],
) -> dict[str, list[Embeddings]]:
    """Return the windows of each example of each gesture, and of each gesture mirrored.

    A mirrored gesture is told by itself: it has a centre of its own.
    """
    variants: dict[str, list[Embeddings]] = {}
    for name, given in examples.items():
        variants[name] = [one.shown for one in given]
        mirrored = [one.mirrored for one in given if one.mirrored is not None]
        if mirrored:
            variants[name + _MIRRORED] = mirrored
    return variants


def _shown(name: str, examples: Sequence[Embeddings], most: int) -> tuple[Embeddings, FloatArray]:
    """Return the windows of a gesture in which anything was seen, and how much each counts.

    Windows of one example are much alike: together they count as one.
    """
    kept, weights = [], []
    for one in examples:
        seen = _some(one.take(one.body_seen | one.hand_seen), most)
        if len(seen):
            kept.append(seen)
            weights.append(np.full(len(seen), 1.0 / len(seen), dtype=np.float32))
    if not kept:
        raise InputError(f"gesture {name!r}: neither a body nor a hand was seen in its examples")
    return Embeddings.join(kept), np.concatenate(weights)


def _some(embeddings: Embeddings, most: int) -> Embeddings:
    """Return at most so many of the embeddings, evenly spread."""
    if len(embeddings) <= most:
        return embeddings
    return embeddings.take(np.linspace(0, len(embeddings) - 1, most).astype(int))


def _counting(shown: Embeddings) -> Parts:
    """Return the parts that were seen often enough to count."""
    body, hand = float(shown.body_seen.mean()), float(shown.hand_seen.mean())
    return Parts(body >= min(_LEAST_SEEN, hand), hand >= min(_LEAST_SEEN, body))


def _enter_threshold(examples: int) -> float:
    """Return the probability at which an event of a gesture with so many examples may begin."""
    share = min((examples - 1) / (_ENOUGH - 1), 1.0)
    return _ENTER_AFTER_ONE + share * (_ENTER - _ENTER_AFTER_ONE)


def _support_share(examples: Sequence[EmbeddedExample], window_s: float) -> float:
    """Return the share of a window that the gesture fills when it becomes likely."""
    duration_s = float(np.mean([one.duration_s for one in examples]))
    return _SUPPORT * min(duration_s / window_s, 1.0)


def _nearest(cosines: FloatArray) -> FloatArray:
    """Return the mean (N,) of the greatest cosines (N, M).

    Without others it is zero: they are neither alike nor opposed.
    """
    if cosines.shape[1] == 0:
        return np.zeros(len(cosines), dtype=np.float32)
    count = min(_NEAREST, cosines.shape[1])
    nearest: FloatArray = np.partition(cosines, -count, axis=1)[:, -count:].sum(axis=1) / count
    return nearest
