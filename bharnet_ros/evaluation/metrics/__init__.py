"""What is measured: clips, events, their overlap with the truth, and mistakes."""
