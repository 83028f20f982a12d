"""The command that trains: name, one line of help, and module."""

COMMANDS = {"train": ("train a model", "bharnet_ros.training.train")}
