"""The HTML report of `bharnet evaluate bag`."""
