"""Benches of speed."""
