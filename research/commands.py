"""Studies: name, help in one line, and the module that carries it out."""

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
        "measure lost frames, noise, mirroring and other frame rates",
        "research.robustness",
    ),
    "calibration": (
        "measure calibration and the rejection of unknown motion",
        "research.calibration",
    ),
    "label-ceiling": (
        "list what every model always misses: wrong labels, foreign signs",
        "research.label_ceiling",
    ),
    "long-streams spliced": (
        "find events in minutes spliced from unseen people's clips",
        "research.long_streams.spliced",
    ),
    "long-streams puppet": (
        "find events in minutes of the puppet, by its exact keypoints",
        "research.long_streams.puppet",
    ),
    "long-streams recordings": (
        "find events in the recordings of a continuous data set",
        "research.long_streams.recordings",
    ),
    "long-streams event-parameters": (
        "choose thresholds and times of events on spliced minutes",
        "research.long_streams.event_parameters",
    ),
    "network-cost": (
        "count a network's parameters and multiplications, and time it",
        "research.network_cost",
    ),
}
GROUPS = {"long-streams": "measure events in minutes of motion"}
