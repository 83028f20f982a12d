"""ROS 2 nodes, and the commands that run them: the only modules that import rclpy."""
