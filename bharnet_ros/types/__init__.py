"""The types that all other folders share: keypoints, actions, layouts, cameras, errors."""
