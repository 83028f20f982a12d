"""What every node is built from: life cycle, parameters, workers, diagnostics, QoS."""
