"""Training of the network and export of model bundles. Never imported by a node."""
