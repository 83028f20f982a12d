"""The pose engine built on the graphs of MediaPipe."""
