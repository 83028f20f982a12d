"""The three steps from images to events, shared by the nodes and the replay of recordings."""
