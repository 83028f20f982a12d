"""Measuring models: on clips, one model or a whole cross-validation."""
