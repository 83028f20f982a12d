"""Benches of speed and accuracy, scripts that draw pictures, and the networks of peers."""
