"""The parameters of the node `action_event_publisher`."""

from __future__ import annotations

from bharnet_ros.recognition.events.overrides import FROM_MODEL
from bharnet_ros.recognition.events.parameters import EventParameters
from bharnet_ros.types.parameters import ParameterSpec

DEFAULTS = EventParameters()

PARAMETERS = (
    ParameterSpec(
        "enter_threshold",
        FROM_MODEL,
        "Probability at which an event begins, 0..1; -1 takes the model's.",
        low=-1.0,
        high=1.0,
        live=True,
    ),
    ParameterSpec(
        "exit_threshold",
        FROM_MODEL,
        "Probability below which an event ends, 0..1; -1 takes the model's.",
        low=-1.0,
        high=1.0,
        live=True,
    ),
    ParameterSpec(
        "rejection_threshold",
        FROM_MODEL,
        "Minimum probability of known motion, 0..1; -1 takes the model's.",
        low=-1.0,
        high=1.0,
        live=True,
    ),
    ParameterSpec(
        "smoothing_s",
        FROM_MODEL,
        "Time constant for smoothing scores, s; -1 takes the model's.",
        low=-1.0,
        high=10.0,
        live=True,
    ),
    ParameterSpec(
        "min_duration_s",
        FROM_MODEL,
        "How long scores must stay high before an event begins, s; -1 takes the model's.",
        low=-1.0,
        high=10.0,
        live=True,
    ),
    ParameterSpec(
        "min_gap_s",
        FROM_MODEL,
        "How long scores must stay low before an event ends, s; -1 takes the model's.",
        low=-1.0,
        high=10.0,
        live=True,
    ),
    ParameterSpec(
        "support_share",
        FROM_MODEL,
        "Share of a window that an action fills when its score becomes high, 0..1; -1 takes the "
        "model's.",
        low=-1.0,
        high=1.0,
        live=True,
    ),
    ParameterSpec(
        "refractory_s",
        DEFAULTS.refractory_s,
        "How long after an event the same person cannot start the same action again, s.",
        low=0.0,
        high=60.0,
        live=True,
    ),
    ParameterSpec(
        "person_timeout_s",
        DEFAULTS.person_timeout_s,
        "How long a person may be out of view before their event ends, s.",
        low=0.0,
        high=60.0,
        live=True,
    ),
    ParameterSpec(
        "source_timeout_s",
        DEFAULTS.source_timeout_s,
        "How long scores may be missing, on the node's clock, before every event ends, s.",
        low=0.1,
        high=60.0,
        live=True,
    ),
    ParameterSpec(
        "class_parameters",
        # ROS reads an empty array as one of bytes.
        [""],
        "Values for single classes, each CLASS.PARAMETER=VALUE, such as help.min_gap_s=0.5.",
        live=True,
    ),
    ParameterSpec(
        "journal",
        True,
        "Whether to keep open events in a file below ROS_HOME (~/.ros), so that the next process "
        "ends them if this one is killed, and no second one of its name takes the same scores.",
    ),
    ParameterSpec(
        "target_frame",
        "",
        "Frame in which positions of people are told too, such as map; empty: none. Needs depth "
        "and tf2_ros_py.",
    ),
)
