"""What a running recogniser tells others of its model and classes."""

from __future__ import annotations

from bharnet_ros.msg import ModelInfo
from bharnet_ros.nodes.conversions import time_from_ns
from bharnet_ros.recognition.events.parameters import format_class_parameters
from bharnet_ros.recognition.sliding import SlidingRecognizer
from bharnet_ros.recognition.vocabulary import Vocabulary


def describe_model(sliding: SlidingRecognizer, vocabulary: Vocabulary, now_ns: int) -> ModelInfo:
    """Return the model information of a recogniser.

    Args:
        sliding: The recogniser.
        vocabulary: Its classes from now on.
        now_ns: The stamp, nanoseconds.
    """
    description = sliding.recognizer.description
    events = vocabulary.events
    message = ModelInfo(
        name=vocabulary.name,
        variant=description.variant,
        class_names=list(vocabulary.class_names),
        background_id=events.background_id,
        body_layout=description.body_layout,
        hand_layout=description.hand_layout,
        window=float(sliding.window_s),
        stride=float(sliding.stride_s),
        frames=description.frames,
        enter_threshold=description.enter_threshold,
        exit_threshold=description.exit_threshold,
        rejection_threshold=description.rejection_threshold,
        smoothing=description.smoothing_s,
        min_duration=description.min_duration_s,
        min_gap=description.min_gap_s,
        support_share=description.support_share,
        class_parameters=format_class_parameters(events.parameters.class_parameters),
        device=sliding.recognizer.device,
        weights_sha256=description.weights_sha256,
    )
    message.header.stamp = time_from_ns(now_ns)
    return message
