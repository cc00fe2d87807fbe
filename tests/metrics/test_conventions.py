"""Each convention against the package whose it is; pyxclib's code in NumPy, from its definitions."""

import platform
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from metrics.test_evaluate import cases, topk_of, truth_of

from pwdismec.errors import ConfigError
from pwdismec.metrics import evaluate

A, B, N_TRAIN = 0.55, 1.5, 50


def pyxclib(predicted, true, inverse, k, remove_invalid):
    """`xclib.evaluation.xc_metrics.Metrics` in float64, on arrays; padded places hold one label more."""
    if remove_invalid:
        predicted, true = predicted[true.any(axis=1)], true[true.any(axis=1)]
        if not len(true):
            return dict.fromkeys(("P", "nDCG", "PSP", "PSnDCG"), 0)
    n_labels = true.shape[1]
    padded = np.hstack([true, np.zeros((len(true), 1))])
    weights = np.append(inverse, 0)
    order = np.argsort(-(true * inverse), axis=1, kind="stable")
    best = np.where(np.arange(n_labels) < true.sum(axis=1, keepdims=True), order, n_labels)
    best = np.hstack([best, np.full((len(true), k), n_labels)])[:, :k]
    asked = np.where(predicted < 0, n_labels, predicted)
    asked = np.hstack([asked, np.full((len(true), k), n_labels)])[:, :k]
    discount = 1 / np.log2(np.arange(2, k + 2))
    ideal = np.cumsum(1 / np.log2(np.arange(2, n_labels + k + 2)))
    norm = np.minimum(ideal[true.sum(axis=1).astype(int) - 1], ideal[k - 1])[:, None]  # of no label: the last

    def gains(places, scored):
        return np.take_along_axis(padded, places, 1) * (weights[places] if scored else 1)

    def ratio(part, whole):
        return part.sum() / whole.sum() if whole.sum() else 0

    return {
        "P": gains(asked, False).mean(),
        "nDCG": (gains(asked, False) * discount / norm).sum() / len(true),
        "PSP": ratio(gains(asked, True), gains(best, True)),
        "PSnDCG": ratio(gains(asked, True) * discount / norm, gains(best, True) * discount / norm),
    }


def evaluated(case, convention):
    predicted, scores, truth, counts, ks = case
    n_labels = len(counts)
    report = evaluate(
        topk_of(predicted, scores),
        truth_of(truth, n_labels),
        ks=ks,
        label_counts=counts,
        n_train=N_TRAIN,
        convention=convention,
    )
    return report, 1 + (np.log(N_TRAIN) - 1) * (B + 1) ** A * (counts + B) ** -A


@settings(deadline=None, max_examples=200)
@given(case=cases(), labelled=st.booleans())
def test_pyxclibs_conventions_are_its_code_in_numpy(case, labelled):
    predicted, _, truth, counts, ks = case
    report, inverse = evaluated(case, "pyxclib-labelled" if labelled else "pyxclib")
    true = np.array([[label in row for label in range(len(counts))] for row in truth], np.float64)
    for k in ks:
        for name, value in pyxclib(np.array(predicted), true, inverse, k, labelled).items():
            assert report.percent[f"{name}@{k}"] == pytest.approx(100 * value, rel=1e-12, abs=1e-12), name


@pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64", reason="napkinXC has no wheel for this"
)
@settings(deadline=None, max_examples=200)
@given(case=cases())
def test_napkinxcs_convention_is_what_it_makes_of_lists(case):
    import napkinxc.metrics as napkinxc

    predicted, scores, truth, counts, ks = case
    n_trained = int(np.flatnonzero(counts).max(initial=-1)) + 1
    # A model knows the labels that training has.
    predicted = [
        (left := [label for label in row if label < n_trained]) + [-1] * (len(row) - len(left))
        for row in predicted
    ]
    report, inverse = evaluated((predicted, scores, truth, counts, ks), "napkinxc")
    rows, ranked = [sorted(row) for row in truth], [[i for i in row if i >= 0] for row in predicted]
    k = ks[-1]
    theirs = {
        "P": napkinxc.precision_at_k(rows, ranked, k=k),
        "nDCG": napkinxc.ndcg_at_k(rows, ranked, k=k),
        "recall": napkinxc.recall_at_k(rows, ranked, k=k),
    }
    if any(label < n_trained for row in truth for label in row):  # else 0 over 0, a NaN
        theirs["PSP"] = napkinxc.psprecision_at_k(rows, ranked, inverse[:n_trained], k=k)
        theirs["PSnDCG"] = napkinxc.psndcg_at_k(rows, ranked, inverse[:n_trained], k=k)
    for name, values in theirs.items():
        for at in ks:
            assert report.percent[f"{name}@{at}"] == pytest.approx(100 * values[at - 1], rel=1e-12), name


def test_the_conventions_differ_where_they_should():
    """A row without a label; a true label, 2, that training lacks."""
    case = [[0, 1], [1, 0]], [[2, 1], [2, 1]], [{0, 2}, set()], np.array([9, 4, 0]), (1, 2)
    percent = {name: evaluated(case, name)[0].percent for name in ("pyxclib", "pyxclib-labelled", "napkinxc")}
    assert [percent[name]["P@1"] for name in percent] == [50, 100, 50]
    assert percent["napkinxc"]["PSP@1"] == 100 > percent["pyxclib"]["PSP@1"]
    assert percent["pyxclib-labelled"]["PSP@1"] == percent["pyxclib"]["PSP@1"]


def test_the_report_names_a_convention_that_is_not_the_default():
    case = [[0, 1], [1, 0]], [[2, 1], [2, 1]], [{0, 2}, set()], np.array([9, 4, 0]), (1, 2)
    assert "convention" not in evaluated(case, "pyxclib")[0].to_text()
    text = evaluated(case, "pyxclib-labelled")[0].to_text()
    assert "convention: pyxclib-labelled" in text
    assert "without a true label: 1 instance, left out" in text


def test_an_unknown_convention_is_refused():
    with pytest.raises(ConfigError, match="convention: 'xclib'; expected one of pyxclib, pyx"):
        evaluate(topk_of([[0]]), truth_of([{0}], 2), convention="xclib")
