"""What is there and whether it works: an installation, a data set, a model, predictions."""
