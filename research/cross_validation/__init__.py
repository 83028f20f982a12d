"""Models of a cross-validation, each scored on the people that it was not trained on."""
