"""The scikit-learn estimator: training and prediction in memory, with scikit-learn's manners."""

from pwdismec.estimator.classifier import PWDiSMECClassifier

__all__ = ["PWDiSMECClassifier"]
