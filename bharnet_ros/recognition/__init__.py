"""Recognition over time: windows, scores and events, without ROS."""
