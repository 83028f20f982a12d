"""The parameters of the node `recognition`."""

from __future__ import annotations

from bharnet_ros.recognition.backends import BACKENDS
from bharnet_ros.types.parameters import ParameterSpec

PARAMETERS = (
    ParameterSpec(
        "model",
        "gestures",
        "Name of a model bundle of the package, or the path of its folder.",
        live=True,
        names_files=True,
    ),
    ParameterSpec(
        "gestures",
        "",
        "Folder of a gesture set, whose gestures are recognised too and which ~/teach extends; "
        "empty: none.",
        live=True,
        names_files=True,
    ),
    ParameterSpec(
        "keep_classes",
        "all",
        "Classes of the model to recognise, separated by commas; all or none.",
        live=True,
    ),
    ParameterSpec(
        "device", "auto", "Where to compute: auto (CUDA if available), cpu or cuda.", live=True
    ),
    ParameterSpec(
        "backend",
        "auto",
        "What runs the network: onnxruntime (CPU), torch, or auto (torch on a GPU).",
        choices=BACKENDS,
        live=True,
    ),
    ParameterSpec(
        "threads", 1, "Number of CPU threads of one inference.", low=1, high=64, live=True
    ),
    ParameterSpec(
        "window_s",
        0.0,
        "Length of the sliding window, s; 0 takes the model's.",
        low=0.0,
        high=60.0,
        live=True,
    ),
    ParameterSpec(
        "stride_s",
        0.0,
        "Time between two inferences, s; 0 takes the model's.",
        low=0.0,
        high=60.0,
        live=True,
    ),
    ParameterSpec(
        "track_timeout_s",
        1.0,
        "How long to keep the frames of a person out of view, s.",
        low=0.0,
        high=60.0,
        live=True,
    ),
    ParameterSpec(
        "use_rgb",
        False,
        "Whether a model with a stream rgb also uses images; needs message_filters.",
    ),
    ParameterSpec(
        "image_transport",
        "raw",
        "With use_rgb, which images: raw (image_raw) or compressed (image_raw/compressed: jpeg, "
        "png).",
        choices=("raw", "compressed"),
    ),
    ParameterSpec(
        "sync_slop_s",
        0.02,
        "With use_rgb, maximum difference between the stamps of image and keypoints, s.",
        low=0.001,
        high=1.0,
    ),
    ParameterSpec(
        "sync_queue",
        10,
        "With use_rgb, maximum number of images and keypoints that wait for each other.",
        low=1,
        high=1000,
    ),
)

TIMES = ("stride_s", "track_timeout_s")
"""Parameters for which nothing has to be loaded."""
