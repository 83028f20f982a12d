"""The commands that make models: name, one line of help, and module."""

COMMANDS = {
    "train": ("train a model", "bharnet_ros.training.train_command"),
    "export": (
        "write the network of a model for ONNX Runtime, which needs no PyTorch",
        "bharnet_ros.training.export_command",
    ),
}
