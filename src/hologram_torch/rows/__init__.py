"""Functions that go over rows: folds along axes with formulas before and after them, as one operator of PyTorch."""
