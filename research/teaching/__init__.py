"""Teaching: gestures learned from a few examples of one person."""
