"""Measuring models: clip metrics now, streams and recordings beside them."""
