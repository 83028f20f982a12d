"""Metrics of clips and of events: overlap with the truth, mistakes and delays."""
