"""Turns keypoints into the arrays and tensors that the networks take."""
