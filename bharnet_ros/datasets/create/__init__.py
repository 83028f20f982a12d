"""Commands that create data sets: `bharnet data extract`, `crop` and `puppet`."""
