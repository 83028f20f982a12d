"""`python -m research taught_likeness`: fits the weights of `gestures.taught`.

People teach their gestures as in `taught_streams`. Each window of the second recording shows a
taught gesture, something else, or parts of both, which are left out. A logistic regression tells
the first two apart by the cosines that a taught gesture measures.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from bharnet_ros.datasets.arguments import open_from
from bharnet_ros.datasets.readers.holistic_wild import HolisticWild
from bharnet_ros.evaluation.tables import show
from bharnet_ros.gestures.teaching import Teacher
from bharnet_ros.recognition.recognizer import Recognizer
from bharnet_ros.recognition.sliding import SlidingRecognizer
from bharnet_ros.types.errors import InputError
from bharnet_ros.types.keypoints import NANOSECONDS, FloatArray
from bharnet_ros.types.timeline import TrueAction
from research.long_streams.scoring import frames_of
from research.long_streams.splicing import SplicedRecording
from research.teaching.streams import StreamSettings, gestures_in, lesson_of
from research.teaching.study import add_model_arguments, add_run_arguments, models_and_clips

_LEAST_SHOWN, _MOST_SHOWN = 0.7, 0.3
"""Share of a gesture that a window shows at least, and one that does not show it at most."""

_PENALTY = 0.01

Mask = npt.NDArray[np.bool_]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `python -m research taught_likeness`."""
    add_model_arguments(parser)
    parser.add_argument(
        "--examples", type=int, default=5, help="clips taught of each gesture (default: 5)"
    )
    add_run_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run `python -m research taught_likeness`; returns the exit status.

    Raises:
        InputError: An argument, a model or the data cannot be used; names it.
        OSError: A file cannot be read or written.
    """
    settings = StreamSettings(examples=arguments.examples, seed=arguments.seed)
    threadpool_limits(1, user_api="blas")
    data, _ = open_from(arguments)
    if not isinstance(data, HolisticWild):
        raise InputError(f"{arguments.data}: must be a file of the holistic_wild format")
    measures, shown = [], []
    for bundle, rows in models_and_clips(arguments, data):
        teacher = Teacher(Recognizer(bundle, arguments.device, threads=1))
        people = np.unique(data.subjects[rows])
        for subject in tqdm(people, unit="person", disable=arguments.json):
            lesson = lesson_of(data, rows[data.subjects[rows] == subject], settings)
            if lesson is not None:
                cosines, true, clear = _windows(teacher, lesson.taught, lesson.stream)
                measures.append(cosines[clear])
                shown.append(true[clear])
    if not measures:
        raise InputError(f"{arguments.data}: nobody shows a gesture often enough to be taught")
    weights, bias = fit_likeness(np.concatenate(measures), np.concatenate(shown))
    content = {
        "weights": [round(one, 2) for one in weights],
        "bias": round(bias, 2),
        "people": len(measures),
        "windows": sum(map(len, measures)),
    }
    show(arguments, "\n".join(f"{name}: {value}" for name, value in content.items()), content)
    return 0


def fit_likeness(measures: FloatArray, shown: Mask) -> tuple[list[float], float]:
    """Fit a logistic regression.

    Args:
        measures: (N, 4) cosines of windows.
        shown: (N,) whether each shows the gesture.

    Returns:
        Weights (4,) and bias.
    """
    mean, scale = measures.mean(0), measures.std(0) + 1e-6
    inputs = ((measures - mean) / scale).astype(np.float64)

    def loss(layer: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        weight = layer[:-1]
        logit = inputs @ weight + layer[-1]
        errors = np.logaddexp(0.0, logit) - shown * logit
        excess = (expit(logit) - shown) / len(shown)
        slope = np.append(inputs.T @ excess + 2.0 * _PENALTY * weight, excess.sum())
        return float(errors.mean() + _PENALTY * weight @ weight), slope

    found = minimize(loss, np.zeros(inputs.shape[1] + 1), jac=True, method="L-BFGS-B").x
    weights = found[:-1] / scale
    return weights.tolist(), float(found[-1] - weights @ mean)


def _windows(
    teacher: Teacher, taught: SplicedRecording, stream: SplicedRecording
) -> tuple[FloatArray, Mask, Mask]:
    """Return the cosines (S, 4) of the windows of a recording.

    Also returns whether each shows the gesture that it is most like, (S,), and whether it clearly
    shows a gesture or none, (S,).
    """
    recognizer, window_s = teacher.recognizer, teacher.window_s
    gestures = teacher.teach(gestures_in(taught), "taught")
    sliding = SlidingRecognizer(recognizer)
    due = [one for frame in frames_of(stream.person) if (one := sliding.push(frame)) is not None]
    newest = np.asarray([one.stamp_ns for one in due for _ in one.sequences]) / NANOSECONDS
    embeddings = teacher.embed_windows([one for windows in due for one in windows.sequences])
    names, cosines = gestures.cosines(embeddings)
    share, label = _most_shown(stream.truth, newest, window_s)
    true = (share >= _LEAST_SHOWN) & (np.asarray(names) == label)
    clear = ((share >= _LEAST_SHOWN) | (share <= _MOST_SHOWN)) & (
        embeddings.body_seen | embeddings.hand_seen
    )
    return cosines, true, clear


def _most_shown(
    truth: Sequence[TrueAction], newest: FloatArray, window_s: float
) -> tuple[FloatArray, npt.NDArray[np.str_]]:
    """Return which action windows show most, and which share of it or of the window."""
    starts = np.asarray([one.start_s for one in truth])
    ends = np.asarray([one.end_s for one in truth])
    overlap = np.minimum(newest[:, None], ends) - np.maximum(newest[:, None] - window_s, starts)
    share = np.clip(overlap, 0.0, None) / np.minimum(window_s, ends - starts)
    labels = np.asarray([one.label for one in truth])
    return share.max(1), labels[share.argmax(1)]
