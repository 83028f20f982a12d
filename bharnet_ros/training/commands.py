"""The command that trains: name, help in one line, and the module that does it."""

COMMANDS = {"train": ("train a model", "bharnet_ros.training.train")}
