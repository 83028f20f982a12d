"""The variants of the network, and the rivals for comparison."""
