"""Published networks, reimplemented from their papers, that the package is measured against."""
