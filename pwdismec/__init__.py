"""PW-DiSMEC: exact one-vs-rest linear classifiers for extreme multi-label data."""
