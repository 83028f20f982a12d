"""The commands that create data sets: name, one line of help, and module."""

COMMANDS = {
    "data extract": (
        "write the keypoints of a clip to a file",
        "bharnet_ros.datasets.create.extract",
    ),
    "data crop": (
        "write the keypoints of videos with crops around hands and body",
        "bharnet_ros.datasets.create.crop",
    ),
    "data puppet": (
        "write labelled clips of the puppet holding things, with crops",
        "bharnet_ros.datasets.create.puppet",
    ),
}
