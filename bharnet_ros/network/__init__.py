"""Graph networks for body and hands: torch modules only, no data sets, no ROS."""
