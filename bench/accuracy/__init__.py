"""Benches of the accuracy of keypoints."""
