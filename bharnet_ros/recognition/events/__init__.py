"""Scores to action events: hysteresis, thresholds and overrides by class."""
