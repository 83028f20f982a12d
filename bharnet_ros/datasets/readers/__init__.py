"""One reader for each data set, and `added_hands` for hands from their videos."""
