"""Readers of recorded data sets; each yields `KeypointSequence`. Never imported by a node."""
