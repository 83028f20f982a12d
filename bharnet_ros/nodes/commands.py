"""Commands that run nodes: name, help in one line, and the module that carries it out."""

COMMANDS = {
    "run": ("print the action events of a source", "bharnet_ros.nodes.run"),
    "record": ("record what the chain makes of a source", "bharnet_ros.nodes.record"),
    "doctor": ("check that everything needed is installed and works", "bharnet_ros.nodes.doctor"),
}
