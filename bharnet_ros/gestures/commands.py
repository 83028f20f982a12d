"""The command that manages gesture sets: name, one line of help, and module."""

COMMANDS = {
    "gestures": ("list, check, remove and rename taught gestures", "bharnet_ros.gestures.manage")
}
