"""Commands for recordings and what is learned from them: name, one line of help, and module."""

COMMANDS = {
    "convert": ("write a clip as a ROS recording (rosbag2)", "bharnet_ros.bags.convert"),
    "label": ("guess the true actions of a recording", "bharnet_ros.bags.label"),
    "mend": ("make a recording that was cut off readable", "bharnet_ros.bags.mending"),
    "teach": ("learn gestures from a few examples", "bharnet_ros.bags.teach"),
}
