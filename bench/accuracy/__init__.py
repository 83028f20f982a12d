"""Benches of accuracy."""
