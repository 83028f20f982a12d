"""How training varies keypoints and crops."""
