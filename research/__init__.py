"""Studies of trained models: cross-validation, long recordings, robustness, calibration."""
