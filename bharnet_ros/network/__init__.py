"""Graph networks for body and hands: only torch modules, no data sets, no ROS."""
