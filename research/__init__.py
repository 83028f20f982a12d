"""Studies of models that were trained: cross-validation, long streams, robustness, calibration."""
