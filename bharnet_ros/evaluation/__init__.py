"""Measures models on clips, and events on recordings."""
