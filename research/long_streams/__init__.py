"""Events in long streams."""
