"""What the web page shows, computed without ROS and without a web server."""
