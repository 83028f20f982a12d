"""Recorded data sets: readers that give clips of people. No node imports this package."""
