import numpy as np
import pytest
import scipy.sparse as sp
from helpers.random_matrices import finite, sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.preprocessing import normalize

from pwdismec.data import transforms
from pwdismec.data.csr import CSR
from pwdismec.data.transforms import Transforms
from pwdismec.errors import DataError, ModelError

term_counts = st.integers(1, 1000).map(float)


def published_tfidf(X: sp.csr_matrix) -> sp.csr_matrix:
    """scikit-learn's idf is log(N / df) + 1; taking the sublinear tf away once leaves log(N / df)."""
    X = X.astype(np.float64)
    model = TfidfTransformer(norm=None, sublinear_tf=True, smooth_idf=False).fit(X)
    X.data = 1 + np.log(X.data)
    return X @ sp.diags(model.idf_ - 1)


@settings(deadline=None)
@given(sparse(term_counts), st.booleans())
def test_tfidf_is_scikit_learns_without_its_plus_one(X, l2):
    X = X[:, np.asarray(X.sum(axis=0)).ravel() > 0]  # scikit-learn divides by df
    if 0 in X.shape:
        return
    features = CSR.from_scipy(X)
    expected = published_tfidf(X)
    if l2:
        expected = normalize(expected)
    got = Transforms.fit(features, tfidf=True, normalize=l2).apply(features)
    np.testing.assert_allclose(got.to_scipy().toarray(), expected.toarray(), rtol=1e-6, atol=1e-7)


@settings(deadline=None)
@given(sparse(finite))
def test_normalisation_is_scikit_learns(X):
    features = CSR.from_scipy(X)
    got = Transforms.fit(features).apply(features)
    if 0 in X.shape:
        assert got.nnz == 0
        return
    np.testing.assert_allclose(
        got.to_scipy().toarray(), normalize(X.astype(np.float64)).toarray(), rtol=1e-6, atol=1e-37
    )


@settings(deadline=None)
@given(sparse(term_counts), st.booleans(), st.integers(1, 20), st.integers(0, 12))
def test_a_rows_result_depends_on_that_row_alone(X, tfidf, chunk, cut):
    features = CSR.from_scipy(X)
    fitted = Transforms.fit(features, tfidf=tfidf)
    whole = fitted.apply(features).data
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transforms, "_CHUNK", chunk)
        np.testing.assert_array_equal(fitted.apply(features).data, whole)
    cut = min(cut, features.n_rows)
    parts = [fitted.apply(features.rows(*ends)).data for ends in ((0, cut), (cut, features.n_rows))]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_a_feature_without_training_instances_counts_for_nothing():
    train = CSR.from_scipy(sp.csr_matrix(np.float32([[1, 0, 2], [1, 0, 0]])))
    test = CSR.from_scipy(sp.csr_matrix(np.float32([[0, 5, 3]])))
    got = Transforms.fit(train, tfidf=True).apply(test)
    assert got.data.tolist() == [0.0, 1.0]


def test_values_of_another_precision_than_the_norm_do_not_overflow():
    features = CSR.from_scipy(sp.csr_matrix(np.float32([[3e38, 3e38]])))
    np.testing.assert_allclose(Transforms(None, True).apply(features).data, [0.5**0.5] * 2, rtol=1e-6)


def test_raw_features_are_shared():
    features = CSR.from_scipy(sp.csr_matrix(np.float32([[1, 2]])))
    assert Transforms().apply(features) is features


@pytest.mark.parametrize("value", [0.0, -1.0, 0.5])
def test_tfidf_wants_term_counts(value):
    features = CSR(
        np.array([0, 1, 1, 3]), np.array([0, 1, 2], np.int32), np.array([1, 2, value], np.float32), 3
    )
    fitted = Transforms.fit(features, tfidf=True)
    with pytest.raises(DataError, match=r"instance 2 .*feature 2: value .* at least 1"):
        fitted.apply(features)


def test_tfidf_of_other_features():
    features = CSR.from_scipy(sp.csr_matrix(np.float32([[1, 2]])))
    with pytest.raises(DataError, match="2 features, but TF-IDF was fitted on 3"):
        Transforms(np.ones(3)).apply(features)


def test_equality_is_of_content():
    idf = np.array([0.5, 1.0])
    assert Transforms(idf, True) == Transforms(idf.copy(), True)
    assert hash(Transforms(idf)) == hash(Transforms(idf.copy()))
    of_idf = [Transforms(idf), Transforms(idf, True), Transforms(idf + 1)]
    different = [Transforms(), Transforms(None, True), *of_idf]
    assert len(set(different)) == len({t.fingerprint for t in different}) == 5
    assert Transforms() != "none"


@pytest.mark.parametrize("idf", [None, np.array([0.0, 0.1, 2.0])])
@pytest.mark.parametrize("l2", [False, True])
def test_json_and_idf_give_the_same_back(idf, l2):
    original = Transforms(idf, l2)
    assert Transforms.from_json(original.to_json(), original.idf) == original
    with pytest.raises(ValueError, match="tfidf"):
        Transforms.from_json(original.to_json(), np.ones(3) if idf is None else None)


def test_bringing_features_to_a_models_transforms():
    raw = CSR.from_scipy(sp.csr_matrix(np.float32([[1, 2], [3, 0]])))
    model = Transforms.fit(raw, tfidf=True)
    done = model.apply(raw)
    assert model.bring(done, Transforms(model.idf.copy(), True)) is done
    np.testing.assert_array_equal(model.bring(raw, Transforms()).data, done.data)
    with pytest.raises(ModelError, match=r"transforms: L2 norm; the model's: TF-IDF [+] L2 norm"):
        model.bring(raw, Transforms(None, True))
    with pytest.raises(ModelError, match="another training set"):
        model.bring(raw, Transforms(model.idf + 1, True))
    with pytest.raises(ModelError, match="TF-IDF"):
        Transforms().bring(done, model)


@pytest.mark.parametrize("given, row", [({}, 1), ({"first_row": 40}, 41)])
def test_a_value_that_is_no_term_count_is_named_by_its_instance(given, row):
    features = CSR.from_scipy(sp.csr_matrix([[1.0, 2.0], [3.0, 0.5]]))
    with pytest.raises(DataError, match=rf"instance {row} \(counted from 0\), feature 1: value 0\.5"):
        transforms.check_term_counts(features, "x", **given)


def test_transforms_are_equal_if_they_do_the_same():
    idf = np.array([1.0, 2.0])
    different = [
        Transforms(),
        Transforms(None, True),
        Transforms(idf),
        Transforms(idf, True),
        Transforms(idf + 1),
    ]
    for i, one in enumerate(different):
        assert [one == other for other in different] == [i == j for j in range(len(different))]
    assert Transforms(idf, True) == Transforms(idf.copy(), True)
