"""The variants of the network, and the rivals that it is compared with."""
