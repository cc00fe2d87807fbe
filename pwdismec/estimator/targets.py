"""The forms in which scikit-learn's users give y, and in which they get predictions back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.preprocessing import MultiLabelBinarizer
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from pwdismec.data.csr import CSR, sound_csr_matrix

Form: TypeAlias = Literal["one", "dense", "sparse", "lists"]
"""One class an instance; an indicator matrix, dense or sparse; or a list of each instance's labels."""

_COLLECTIONS = (list, tuple, set, frozenset, np.ndarray)


@dataclass(frozen=True, eq=False)
class Targets:
    """What is to be learnt.

    Attributes
    ----------
    form
        How it was given.
    classes
        Shape (n_classes,), ascending; of an indicator matrix the numbers of its columns.
    counts
        int64, shape (n_classes,): the instances of each class.
    labels
        Instances × classifiers, without values. There is one classifier a class, but of two classes only
        one, for the second.
    """

    form: Form
    classes: NDArray[Any]
    counts: NDArray[np.int64]
    labels: CSR


def label_lists(y: Any) -> Sequence[Any] | None:
    """The entries of y if they are lists, tuples or sets of labels; None if it has another form.

    A rectangle of zeros and ones, two wide or more, is an indicator matrix, as everywhere in scikit-learn.

    Raises
    ------
    ValueError
        If only some of the entries are lists.
    """
    if isinstance(y, (list, tuple)):
        entries: Sequence[Any] = y
    elif hasattr(y, "__array__"):  # NumPy's arrays, pandas' series
        array = np.asarray(y)
        if array.dtype != object or array.ndim != 1:
            return None
        entries = array.tolist()
    else:
        return None
    lists = [isinstance(entry, _COLLECTIONS) for entry in entries]
    if not any(lists):
        return None
    if not all(lists):
        first = lists.index(False)
        raise ValueError(f"y[{first}]: {entries[first]!r}; expected a list of labels, as other entries are")
    return None if _is_indicator(entries) else entries


def _is_indicator(entries: Sequence[Any]) -> bool:
    widths = {0 if isinstance(entry, (set, frozenset)) else len(entry) for entry in entries}
    return (
        len(widths) == 1
        and widths.pop() > 1
        and all(isinstance(v, (int, float, np.generic)) and v in (0, 1) for row in entries for v in row)
    )


def targets_of_lists(lists: Sequence[Any], classes: Sequence[Any] | None = None) -> Targets:
    """The targets of label lists, as `label_lists` gives them.

    Parameters
    ----------
    classes
        The labels wanted; others are left out. None for all.

    Raises
    ------
    ValueError
        If labels cannot be told apart and put in order, such as numbers and strings together; integers are
        beyond int64; or there are none.
    """
    try:
        if classes is not None:
            wanted = set(classes)
            lists = [[label for label in own if label in wanted] for own in lists]
            classes = sorted(wanted)
        binarizer = MultiLabelBinarizer(classes=classes, sparse_output=True)
        indicator = binarizer.fit_transform(lists)
    except TypeError as error:
        raise ValueError(f"y: {error}; expected labels of one kind, strings or integers") from error
    except OverflowError as error:
        raise ValueError(f"y: {error}; expected integers from -2^63 to 2^63 - 1, or strings") from error
    return _of_indicator("lists", indicator, binarizer.classes_)


def targets_of_array(y: Any) -> Targets:
    """The targets of an array or sparse matrix that scikit-learn has checked.

    Raises
    ------
    ValueError
        If an indicator holds other values than 0 and 1, or no 1; or there is one class only, or they are no
        classes but quantities.
    """
    if sp.issparse(y) or (y.ndim == 2 and y.shape[1] > 1):
        if not _is_binary(y.data if sp.issparse(y) else y):
            raise ValueError("y: Unknown label type: a matrix with other values than 0 and 1")
        # The comparison leaves stored zeros out.
        return _of_indicator("sparse" if sp.issparse(y) else "dense", y != 0, np.arange(y.shape[1]))
    y = column_or_1d(y, warn=True)
    check_classification_targets(y)
    classes, places, counts = np.unique(y, return_inverse=True, return_counts=True)
    if len(classes) < 2:
        raise ValueError(f"y: all instances are of one class, {classes[0]!r}; expected two classes at least")
    return Targets("one", classes, counts.astype(np.int64), CSR.from_scipy(_one_hot(places), binary=True))


def _one_hot(places: NDArray[np.int64]) -> sp.csr_matrix:
    """Instances × classifiers, of the class each instance has."""
    one = sp.csr_matrix((np.ones(len(places), bool), (np.arange(len(places)), places)))
    return one[:, 1:] if one.shape[1] == 2 else one


def _of_indicator(form: Form, indicator: Any, classes: NDArray[Any]) -> Targets:
    labels = CSR.from_scipy(indicator, binary=True)
    if labels.nnz == 0:
        raise ValueError("y: no instance has a label, or one that is wanted; expected one class at least")
    return Targets(form, classes, labels.column_counts(), labels)


def _is_binary(values: NDArray[Any]) -> bool:
    return bool(np.isin(values, (0, 1)).all())


def given_as(form: Form, chosen: sp.csr_matrix, classes: NDArray[Any]) -> Any:
    """The labels chosen for each instance (instances × classes), in the form in which y was given.

    Returns
    -------
    An indicator matrix of int64, or a list of each instance's labels, ascending.
    """
    if form == "lists":
        bounds = zip(chosen.indptr, chosen.indptr[1:], strict=False)
        return [classes[chosen.indices[start:stop]].tolist() for start, stop in bounds]
    indicator = chosen.astype(np.int64)
    return indicator if form == "sparse" else indicator.toarray()


def hits_of(best: NDArray[np.int32], y: Any, classes: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether each instance has its `best` label, a place in `classes`.

    Parameters
    ----------
    best
        Shape (n_instances,).
    y
        True labels: lists, or an indicator matrix with a column for each class.

    Raises
    ------
    ValueError
        If the matrix has another number of columns.
    """
    if (lists := label_lists(y)) is not None:
        # Not `in` an array, which takes "a\0" for "a".
        return np.array([label in list(own) for label, own in zip(classes[best], lists, strict=True)])
    indicator = sound_csr_matrix(y, "y")
    if indicator.shape[1] != len(classes):
        raise ValueError(f"y: {indicator.shape[1]} columns; expected {len(classes)}, one for each class")
    return np.asarray(indicator[np.arange(len(best)), best] != 0).ravel()
