"""Recordings of ROS 2 in, action events out, without a ROS graph; ground truth beside them."""
