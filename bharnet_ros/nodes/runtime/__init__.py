"""What nodes are built from: lifecycle, parameters, workers, diagnostics, QoS."""
