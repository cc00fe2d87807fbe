"""From blocks to a data set, in any cut, whole or not at all."""

import errno
import itertools
import tracemalloc
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from helpers.random_matrices import problems
from helpers.xmc_reference import read_xmc
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import normalize

from pwdismec.data import array_files, conversion, transforms, transpose, writer
from pwdismec.data.conversion import convert
from pwdismec.data.csr import CSR
from pwdismec.data.dataset import Dataset
from pwdismec.data.dense import Dense
from pwdismec.data.formats import open_source
from pwdismec.data.formats.source import Block
from pwdismec.data.transforms import Transforms
from pwdismec.errors import DataError, OutputError, PwdismecError


class Source:
    """What a reader of some format gives."""

    def __init__(self, blocks: Iterable[Dataset], **attributes: object) -> None:
        self.blocks = blocks
        self.__dict__.update(attributes)

    def __iter__(self) -> Iterator[Dataset]:
        return iter(self.blocks)


def example(n: int = 30, d: int = 9, l: int = 6, seed: int = 0) -> Dataset:  # noqa: E741
    rng = np.random.default_rng(seed)
    return Dataset.from_scipy(rng.poisson(0.5, (n, d)), rng.random((n, l)) < 0.3)


def cut(dataset: Dataset, cuts: Iterable[int]) -> list[Dataset]:
    ends = [0, *sorted(cuts), dataset.n_instances]
    return [dataset.select_instances(slice(a, b)) for a, b in itertools.pairwise(ends)]


def listing(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@settings(deadline=None, max_examples=40)
@given(
    problems(st.integers(1, 99).map(float)),
    st.booleans(),
    st.booleans(),
    st.lists(st.integers(0, 12)),
    st.integers(1, 20),
)
def test_any_cut_gives_what_one_block_in_memory_gives(tmp_path_factory, problem, tfidf, l2, cuts, chunk):
    raw = Dataset.from_scipy(*problem)
    expected = raw.transformed(Transforms.fit(raw.features, tfidf=tfidf, normalize=l2))
    blocks = cut(raw, [min(c, raw.n_instances) for c in cuts])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conversion, "_CHUNK", chunk)
        patch.setattr(writer, "_RANGE", chunk)
        got = convert(blocks, tmp_path_factory.mktemp("sets") / "set", tfidf=tfidf, normalize=l2)
    assert got.fingerprint == expected.fingerprint
    assert got.transforms == expected.transforms
    np.testing.assert_array_equal(got.features.data, expected.features.data)
    np.testing.assert_array_equal(got.label_instances.indices, expected.label_instances.indices)
    np.testing.assert_array_equal(got.label_counts, expected.label_counts)
    got.verify()


def test_default_is_l2_normalisation(tmp_path):
    assert convert([example()], tmp_path / "set").transforms == Transforms(None, True)


@pytest.mark.parametrize("options", [{}, {"normalize": False}, {"tfidf": True}])
def test_a_test_set_is_transformed_like_its_training_set(tmp_path, options):
    whole = example()
    train = convert([whole.select_instances(slice(0, 20))], tmp_path / "train", **options)
    test = convert(cut(whole.select_instances(slice(20, 30)), [3]), tmp_path / "test", like=train)
    expected = train.transforms.apply(whole.features.rows(20, 30).stored())
    assert test.transforms == train.transforms
    np.testing.assert_array_equal(test.features.data, expected.data)


def test_a_test_set_takes_sizes_and_names_from_its_training_set(tmp_path):
    names = {"label_names": tmp_path / "labels.txt", "feature_names": tmp_path / "features.txt"}
    names["label_names"].write_text("a\nb\r\nc")
    names["feature_names"].write_text("x\ny\n")
    train = convert([example(4, 2, 3)], tmp_path / "train", **names)
    assert (train.label_names, train.feature_names) == (["a", "b", "c"], ["x", "y"])
    test = convert([example(2, 1, 2)], tmp_path / "test", like=train)
    assert (test.n_features, test.n_labels) == (2, 3)
    assert (test.label_names, test.feature_names) == (["a", "b", "c"], ["x", "y"])


def test_a_source_that_does_not_fit_its_training_set(tmp_path):
    train = convert([example(d=9)], tmp_path / "train")
    with pytest.raises(DataError, match=r"new\.txt: 10 features; the training set has 9"):
        convert(Source([example(d=10)], n_features=10, paths=["new.txt"]), tmp_path / "test", like=train)
    with pytest.raises(DataError, match=r"new\.txt: 5 labels; the training set has 6; expected these"):
        convert(Source([example(l=5)], n_labels=5, paths=["new.txt"]), tmp_path / "test", like=train)
    assert listing(tmp_path) == ["train"]


def named(dataset, **called):
    return Dataset.from_arrays(dataset.features, dataset.labels, **called)


def test_ids_of_records_go_along_in_blocks_of_any_size(tmp_path):
    ids = ["", "a\nb", "a\nb", *(f"record {i}" for i in range(27))]
    for cuts in ([], [1, 7], [2, 3, 29]):
        made = convert(cut(named(example(), record_ids=ids), cuts), tmp_path / str(cuts))
        assert list(made.record_ids) == ids
    assert convert([example()], tmp_path / "without").record_ids is None


def test_blocks_of_which_only_some_have_ids_are_refused(tmp_path):
    with_ids, without = named(example(3), record_ids=[*"abc"]), example(3)
    for blocks in ([with_ids, without], [without, with_ids]):
        with pytest.raises(DataError, match="some records have ids; expected all to have one, or none"):
            convert(blocks, tmp_path / "made")
    assert listing(tmp_path) == []


def test_uris_are_those_of_the_training_set_and_others_for_labels_that_it_lacks(tmp_path):
    uris = [f"u:{j}" for j in range(6)]
    train = convert([example()], tmp_path / "train", label_uris=uris)
    assert (train.label_uris, train.label_names) == (uris, None)
    test = convert([example(l=8)], tmp_path / "test", like=train)
    assert test.label_uris == [*uris, "label 6", "label 7"]
    for wrong in (uris[:5], [*uris[:5], "u:0"], [*uris[:5], ""]):
        with pytest.raises(DataError, match="URI"):
            convert([example()], tmp_path / "wrong", label_uris=wrong)
    assert listing(tmp_path) == ["test", "train"]


@pytest.mark.parametrize("declared", [None, 8], ids=["without a header", "with a header"])
def test_a_test_set_has_the_features_of_its_training_set_and_all_of_its_own_labels(tmp_path, declared):
    names = [f"label {j}" for j in range(6)]
    train = convert([example(d=9, l=6)], tmp_path / "train", label_names=names)
    new = [example(5, d=9, l=6, seed=1), example(7, d=12, l=8, seed=2)]
    test = convert(Source(new, n_features=None, n_labels=declared), tmp_path / "test", like=train)
    X = sp.vstack([sp.csr_matrix((5, 12)), new[1].features.to_scipy()]).toarray()
    X[:5, :9] = new[0].features.to_scipy().toarray()
    Y = np.zeros((12, 8))
    Y[:5, :6], Y[5:] = new[0].labels.to_scipy().toarray(), new[1].labels.to_scipy().toarray()
    assert (test.n_features, test.n_labels) == (9, 8)
    np.testing.assert_allclose(test.features.to_scipy().toarray(), normalize(X[:, :9]), rtol=1e-6)
    np.testing.assert_array_equal(test.labels.to_scipy().toarray(), Y)
    assert test.label_names == [*names, "6", "7"]
    assert (test.like.n_labels, test.like.ignored_values) == (6, np.count_nonzero(X[:, 9:]))
    statistics = test.statistics()
    assert (statistics.untrained_labels, statistics.untrained_pairs) == (2, Y[:, 6:].sum())
    assert f"{int(Y[:, 6:].sum())} ({100 * Y[:, 6:].sum() / Y.sum():.1f} %)" in str(statistics)
    kept = test.save(tmp_path / "saved")
    assert kept.like == test.like == Dataset.open(kept.path).like


def test_dense_features_must_be_those_of_the_training_set(tmp_path):
    dense = Block(Dense(np.ones((2, 3), np.float32)), example(2, 3, 2).labels)
    train = convert([dense], tmp_path / "train")
    wider = Block(Dense(np.ones((2, 4), np.float32)), example(2, 3, 2).labels)
    with pytest.raises(DataError, match=r"new\.npy: 4 features; expected 3"):
        convert(Source([wider], paths=["new.npy"]), tmp_path / "test", like=train)
    assert listing(tmp_path) == ["train"]


def test_the_source_says_how_many_columns_there_are(tmp_path):
    headed = convert(Source([], n_features=5, n_labels=3), tmp_path / "headed")
    assert (headed.n_instances, headed.n_features, headed.n_labels) == (0, 5, 3)
    growing = convert([example(5, d=3, l=2), example(5, d=7, l=1)], tmp_path / "growing", tfidf=True)
    assert (growing.n_instances, growing.n_features, growing.n_labels) == (10, 7, 2)
    growing.verify()


def test_the_manifest_names_sources_without_their_folders(tmp_path):
    source = Source([example()], paths=[tmp_path / "a.txt", "b.txt"], format="xmc-pair")
    convert(source, tmp_path / "set")
    manifest = (tmp_path / "set" / "manifest.json").read_text()
    assert '"a.txt"' in manifest and '"b.txt"' in manifest and str(tmp_path) not in manifest
    assert '"source_format": "xmc-pair"' in manifest


def test_names_of_another_number_leave_nothing(tmp_path):
    names = tmp_path / "labels.txt"
    names.write_text("a\nb\n")
    with pytest.raises(DataError, match=r"labels\.txt: 2 lines; expected one for each of 6 labels"):
        convert([example()], tmp_path / "set", label_names=names)
    names.write_bytes(b"a\n\xff\nc\nd\ne\nf\n")
    with pytest.raises(DataError, match=r"labels\.txt:2: not UTF-8"):
        convert([example()], tmp_path / "set", label_names=names)
    assert listing(tmp_path) == ["labels.txt"]


def test_a_value_that_is_no_term_count_is_named(tmp_path):
    wrong = CSR(np.array([0, 1]), np.array([4], np.int32), np.array([0.25], np.float32), 9)
    second = Dataset(wrong, CSR(np.array([0, 0]), np.zeros(0, np.int32), None, 6))
    with pytest.raises(DataError, match=r"x\.txt: instance 30 .*feature 4: value 0\.25"):
        convert(Source([example(), second], paths=["x.txt"]), tmp_path / "set", tfidf=True)
    assert listing(tmp_path) == []


def failing(error: BaseException) -> Iterator[Dataset]:
    yield example()
    raise error


@pytest.mark.parametrize("error", [DataError("x.txt", "bad", 3), KeyboardInterrupt(), RuntimeError("bug")])
def test_a_source_that_fails_midway_leaves_nothing(tmp_path, error):
    with pytest.raises(type(error)):
        convert(failing(error), tmp_path / "set")
    assert listing(tmp_path) == []
    before = convert([example(seed=1)], tmp_path / "set").fingerprint
    with pytest.raises(type(error)):
        convert(failing(error), tmp_path / "set", overwrite=True)
    assert listing(tmp_path) == ["set"]
    Dataset.open(tmp_path / "set").verify()
    assert Dataset.open(tmp_path / "set").fingerprint == before


@pytest.mark.parametrize("room", [0, 500, 2000, 4000])
def test_a_full_disk_leaves_nothing(tmp_path, monkeypatch, room):
    write = array_files.ArrayWriter._write
    left = [room]

    def limited(self, content):
        left[0] -= len(content)
        if left[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(self, content)

    monkeypatch.setattr(array_files.ArrayWriter, "_write", limited)
    with pytest.raises(PwdismecError, match="set: cannot write: No space left on device"):
        convert([example()], tmp_path / "set", tfidf=True)
    assert listing(tmp_path) == []


def test_nothing_is_read_when_the_target_is_in_the_way(tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "notes").touch()
    for overwrite in (False, True):
        with pytest.raises(OutputError, match="exists and is not a pwdismec data set"):
            convert(failing(RuntimeError("was read")), tmp_path / "set", overwrite=overwrite)


@pytest.mark.parametrize("tfidf", [False, True])
def test_memory_does_not_grow_with_the_data(tmp_path, monkeypatch, tfidf):
    for module in (transforms, transpose, conversion):
        monkeypatch.setattr(module, "_CHUNK", 1 << 16)
    monkeypatch.setattr(writer, "_RANGE", 1 << 14)
    n, width = 10_000, 20
    offsets = np.arange(0, n * width + 1, width)
    columns = np.tile(np.arange(width, dtype=np.int32), n)

    def blocks(count: int) -> Iterator[Dataset]:
        for _ in range(count):
            features = CSR(offsets, columns, np.ones(n * width, np.float32), width)
            yield Dataset(features, CSR(offsets[: n + 1] // width, columns[:n], None, width))

    peaks = []
    for count in (4, 16):
        tracemalloc.start()
        convert(blocks(count), tmp_path / f"set{count}", tfidf=tfidf)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0]


def test_a_file_is_converted_to_what_scikit_learn_reads(tmp_path, real_data):
    source = real_data / "bibtex" / "bibtex_test.txt.xz"
    got = convert(open_source(source), tmp_path / "set")
    X, Y = read_xmc(source)
    np.testing.assert_allclose(got.features.to_scipy().toarray(), normalize(X.toarray()), rtol=1e-6)
    np.testing.assert_array_equal(got.labels.to_scipy().toarray(), Y.toarray())


def test_a_test_file_without_a_header_may_lack_the_last_features(tmp_path):
    (tmp_path / "train.svm").write_text("0,2 0:1 5:2\n1 3:1\n")
    (tmp_path / "test.svm").write_text("1 2:4\n")
    train = convert(open_source(tmp_path / "train.svm"), tmp_path / "train")
    test = convert(open_source(tmp_path / "test.svm"), tmp_path / "test", like=train)
    assert (train.n_features, train.n_labels) == (test.n_features, test.n_labels) == (6, 3)
    (tmp_path / "test.svm").write_text("1,4 2:4 6:1\n")
    test = convert(open_source(tmp_path / "test.svm"), tmp_path / "again", like=train)
    assert (test.n_features, test.n_labels, test.like.ignored_values) == (6, 5, 1)
    assert test.features.to_scipy().toarray().tolist() == [[0, 0, 1, 0, 0, 0]]
