"""Commands for ROS recordings: name, help in one line, and the module that runs it."""

COMMANDS = {
    "convert": ("write a clip as a ROS recording (rosbag2)", "bharnet_ros.bags.convert"),
}
