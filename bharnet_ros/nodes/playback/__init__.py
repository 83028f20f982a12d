"""How the node `video_source` plays recordings and webcams."""
