"""Turns scores into action events: hysteresis, thresholds and overrides by class."""
