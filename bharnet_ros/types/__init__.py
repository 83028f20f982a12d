"""Joint layouts as data, and the graphs made of them."""
