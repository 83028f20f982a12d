"""Layers from which the networks are built."""
