"""What scikit-learn itself checks of an estimator; no check is excepted."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from pwdismec import PWDiSMECClassifier


@parametrize_with_checks([PWDiSMECClassifier(), PWDiSMECClassifier("vanilla", bias=0, n_jobs=2)])
def test_scikit_learn_finds_nothing_wrong(estimator, check):
    check(estimator)
