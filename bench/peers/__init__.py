"""Published networks, written anew from their papers, that the package is measured against."""
