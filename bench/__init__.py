"""Benches: speed, accuracy, pictures, and the networks of peers."""
