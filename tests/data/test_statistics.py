import numpy as np
import pytest
import scipy.sparse as sp

from pwdismec.data.dataset import Dataset


def with_label_counts(counts: list[int], n: int, widths: list[int]) -> Dataset:
    Y = np.array([[i < count for count in counts] for i in range(n)])
    X = np.array([[j < width for j in range(10)] for width in widths], float)
    return Dataset.from_scipy(X, sp.csr_matrix(Y))


def test_a_summary_counted_by_hand():
    counts = [100, 6, 5, 2, 1, 1, 0, 0, 1, 1, 1, 1]
    stats = with_label_counts(counts, 110, [2] * 100 + [0] * 10).statistics()
    assert (stats.n_instances, stats.n_features, stats.n_labels) == (110, 10, 12)
    assert (stats.nnz, stats.label_nnz) == (200, 119)
    assert stats.features_per_instance == pytest.approx(200 / 110)
    assert stats.labels_per_instance == pytest.approx(119 / 110)
    assert stats.instances_per_label == pytest.approx(11.9)
    assert stats.labels_unused == 2
    assert stats.tail_shares == {1: 0.6, 5: 0.8, 10: 0.9, 100: 1.0}
    assert stats.head_mass == pytest.approx(100 / 119)
    assert stats.tail_mass == pytest.approx((6 * 1 + 2 + 5) / 119)
    assert stats.instances_without_features == 10
    assert stats.instances_without_labels == 10


def test_an_empty_data_set_has_a_summary():
    stats = Dataset.from_scipy(sp.csr_matrix((0, 0)), sp.csr_matrix((0, 0))).statistics()
    assert stats.labels_per_instance == stats.head_mass == stats.tail_mass == 0


def test_the_table_lines_up_and_holds_the_figures():
    stats = with_label_counts([3, 1, 0], 1200, [1] * 1200).statistics()
    lines = str(stats).split("\n")
    assert len({len(line) for line in lines}) == 1
    assert any(line.startswith("instances ") and line.endswith(" 1,200") for line in lines)
    assert any(line.startswith("labels with ≤ 1 ") and line.endswith(" 50.0 %") for line in lines)
