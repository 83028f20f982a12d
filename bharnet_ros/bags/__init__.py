"""Recordings of ROS 2: reading, writing, replaying without a ROS graph, and their truth."""
