"""A user's own gestures, learned from a few examples on the embeddings of a model."""
