"""Conversion between our types and ROS messages of any message library."""
