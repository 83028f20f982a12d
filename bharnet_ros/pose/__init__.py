"""Images to keypoints of people, without ROS or torch."""
