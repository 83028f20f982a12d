"""The node of the web page: attaches to a running chain and serves what it sees."""
