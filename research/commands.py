"""The studies: name, one-line help, and the module that runs each."""

COMMANDS = {
    "clips": (
        "classify clips with several models together, or with a blinded stream",
        "research.clips",
    ),
    "folds": ("score each model of a cross-validation on its own fold", "research.folds"),
    "compare": ("compare variants of the network on the same people", "research.compare"),
    "sparse-hands": (
        "compare the ensemble with the body expert where hands are missing",
        "research.sparse_hands",
    ),
    "robustness": (
        "measure accuracy under lost frames, noise, mirroring and other frame rates",
        "research.robustness",
    ),
    "calibration": (
        "measure calibration and the rejection of unknown motion",
        "research.calibration",
    ),
    "label-ceiling": (
        "list the clips that every model misses: wrong labels, foreign signs",
        "research.label_ceiling",
    ),
    "long-streams spliced": (
        "find events in recordings spliced from unseen people's clips",
        "research.long_streams.spliced",
    ),
    "long-streams puppet": (
        "find events in long recordings of the puppet, from its exact keypoints",
        "research.long_streams.puppet",
    ),
    "long-streams recordings": (
        "find events in the recordings of a continuous data set",
        "research.long_streams.recordings",
    ),
    "long-streams event-parameters": (
        "choose event thresholds and times on spliced recordings",
        "research.long_streams.event_parameters",
    ),
    "teaching": (
        "teach people's own gestures from a few clips, and name their other clips",
        "research.teaching.study",
    ),
    "taught_streams": (
        "teach people's own gestures from a few clips, and find them in long recordings",
        "research.teaching.streams",
    ),
    "taught_likeness": (
        "fit how like its examples a window must be to show a taught gesture",
        "research.teaching.likeness",
    ),
    "network-cost": (
        "count a network's parameters and multiplications, and time it",
        "research.network_cost",
    ),
}
GROUPS = {"long-streams": "measure events in long recordings"}
