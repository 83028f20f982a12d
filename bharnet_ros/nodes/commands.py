"""Commands that run nodes: name, one-line help, and the module that implements it."""

COMMANDS = {
    "run": ("print the action events of a source", "bharnet_ros.nodes.run"),
    "page": (
        "show the chain on a web page, teach it and tune it",
        "bharnet_ros.nodes.page.command",
    ),
    "record": ("record what the chain publishes for a source", "bharnet_ros.nodes.record"),
    "doctor": ("check that everything needed is installed and works", "bharnet_ros.nodes.doctor"),
}
