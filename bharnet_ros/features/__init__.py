"""Keypoints to the arrays and tensors that a network takes."""
