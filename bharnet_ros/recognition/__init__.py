"""Recognises actions over time, without ROS: windows, scores and events."""
