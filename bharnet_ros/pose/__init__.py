"""Image to keypoints of people, without ROS and torch."""
