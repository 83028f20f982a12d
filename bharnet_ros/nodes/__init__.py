"""ROS 2 nodes; together with `bharnet_ros.conversions` the only modules that import rclpy."""
