"""Conversions between the types of this package and ROS messages of any message library."""
