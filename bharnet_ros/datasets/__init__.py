"""Recorded data sets: readers that yield `KeypointSequence`. No node imports this package."""
