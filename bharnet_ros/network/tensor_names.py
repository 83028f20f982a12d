"""Names of the inputs and outputs of an exported network."""

from __future__ import annotations

INPUTS = ("body", "body_mask", "hands", "hand_mask")
"""Inputs, which are those of `BHaRNet.forward`."""

LOGITS = ("ensemble", "body_logits", "hand_logits", "any_hand")
"""Outputs: logits (N, K) of both experts together and of each, and whether a hand was seen (N,)."""

EMBEDDING = ("embedding", "body_seen", "hand_seen")
"""Further outputs of a network with embeddings, which are those of `Embedding.forward`."""
