"""Clips in memory during training, and their cache on disk."""
