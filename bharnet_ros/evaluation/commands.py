"""Commands that measure: name, one-line help, and the module that implements it."""

COMMANDS = {
    "evaluate clips": ("classify the clips of a data set", "bharnet_ros.evaluation.clips"),
    "evaluate bag": (
        "compare the events of recordings with the truth",
        "bharnet_ros.evaluation.bags",
    ),
}
