"""The index beside a model: built once, never believed if it is stale or damaged, and never in the way."""

import multiprocessing
import os
import shutil

import numpy as np
import pytest
import safetensors.numpy
import scipy.sparse as sp
from helpers.models import model_of

from pwdismec.data.csr import CSR
from pwdismec.errors import ModelError
from pwdismec.model import Model
from pwdismec.prediction import Predictor
from pwdismec.prediction.index import INDEX


def weights_of(seed: int) -> sp.csr_matrix:
    """Half the features have weights of some 120 labels, the others of some 15."""
    rng = np.random.default_rng(seed)
    halves = [sp.random(300, 20, density, "csr", np.float32, rng=rng) for density in (0.4, 0.05)]
    return sp.hstack(halves, "csr")


BIAS = np.linspace(-1, 1, 300).astype(np.float32)
X = CSR.from_scipy(sp.random(50, 40, 0.4, "csr", np.float32, rng=np.random.default_rng(9)))


def answers(path) -> tuple[bytes, bytes]:
    top = Predictor(Model.open(path)).predict(X, 7)
    return top.labels.tobytes(), top.scores.tobytes()


@pytest.fixture
def path(tmp_path):
    model_of(tmp_path / "model", weights_of(0), label_bias=BIAS, shard_size=64)
    return tmp_path / "model"


@pytest.fixture
def no_reading(monkeypatch):
    """Make reading a shard an error."""

    def read(*args):
        raise AssertionError("a shard was read")

    monkeypatch.setattr(Model, "mapped_weights", read)


def files(path) -> set[str]:
    return {entry.name for entry in path.iterdir()}


def test_it_is_a_safetensors_file_of_the_weights(path):
    answers(path)
    tensors = safetensors.numpy.load_file(path / INDEX)
    found = np.zeros((300, 40), np.float32)
    starts, lists, dense = tensors["0.starts"], tensors["0.lists"], tensors["dense_features"]
    np.testing.assert_array_equal(dense, range(20))
    for feature in range(40):
        words = lists[starts[feature] : starts[feature + 1]]
        n = 2 * len(words) // 3
        assert (n == 0) == (feature in dense)
        found[words[n:].view(np.uint16)[:n], feature] = words[:n].view(np.float32)
    words = tensors["0.dense_weights"]
    for first in range(0, 288, 32):
        halves = words[20 * first : 20 * (first + 32)].view(np.uint16).reshape(2, 20, 16, 2).astype(np.int64)
        upper, lower = halves.transpose(0, 1, 3, 2).reshape(2, 20, 32)
        bits = (upper << 16) + np.where(lower < 1 << 15, lower, lower - (1 << 16))
        found[first : first + 32, dense] = bits.astype(np.uint32).view(np.float32).T
    found[288:, dense] = words[20 * 288 : 20 * 300].view(np.float32).reshape(20, 12).T
    np.testing.assert_array_equal(found[tensors["0.label_ids"]], weights_of(0).toarray())
    np.testing.assert_array_equal(tensors["0.bias"], BIAS)
    assert len(tensors) == 7


def test_the_first_opening_builds_it_and_the_next_reads_no_shard(path, request):
    expected = answers(path)
    request.getfixturevalue("no_reading")
    assert answers(path) == expected


def test_a_copy_is_compared_with_the_shards_once_and_then_not_read(path, tmp_path, request):
    expected = answers(path)
    shutil.copytree(path, tmp_path / "copy")
    written = (tmp_path / "copy" / INDEX).stat().st_mtime_ns
    assert answers(tmp_path / "copy") == expected
    request.getfixturevalue("no_reading")
    assert answers(tmp_path / "copy") == expected
    assert (tmp_path / "copy" / INDEX).stat().st_mtime_ns == written


def test_another_models_is_built_anew(path, tmp_path):
    answers(path)
    model_of(tmp_path / "other", weights_of(1), label_bias=BIAS, shard_size=64)
    expected = answers(tmp_path / "other")
    assert expected != answers(path)
    shutil.copy2(path / INDEX, tmp_path / "other" / INDEX)
    assert answers(tmp_path / "other") == expected


def places_of(content: bytes) -> list[int]:
    """Bytes in every part of the file: header's length, header, and the tensors."""
    data = 8 + int.from_bytes(content[:8], "little")
    rng = np.random.default_rng(0)
    header = content.rindex(b"}", 0, data)
    return [0, 1, 7, 9, *rng.integers(8, header, 30), data, *rng.integers(data, len(content), 10), -1]


def test_a_damaged_one_is_built_anew(path):
    expected = answers(path)
    whole = (path / INDEX).read_bytes()
    for place in places_of(whole):
        content = bytearray(whole)
        content[place] ^= 1
        (path / INDEX).write_bytes(content)
        assert answers(path) == expected, place
    for length in (0, 5, 8, 100, len(whole) // 2, len(whole) - 1):
        (path / INDEX).write_bytes(whole[:length])
        assert answers(path) == expected
        assert len((path / INDEX).read_bytes()) == len(whole)
    (path / INDEX).write_bytes(whole + b"x")
    assert answers(path) == expected


def test_a_strangers_whose_content_is_not_the_shards_is_built_anew(path):
    """Whatever its header and its times say."""
    expected = answers(path)
    index, state = path / INDEX, (path / INDEX).stat()
    tensors = safetensors.numpy.load_file(index)
    for name, change in (
        ("0.starts", lambda x: x.fill(2**32 - 1)),
        ("0.label_ids", lambda x: x.fill(2**31 - 1)),
        ("0.bias", lambda x: x.fill(np.inf)),
        ("dense_features", lambda x: x.fill(-1)),
        ("0.dense_bounds", lambda x: x.fill(0)),
        ("0.lists", lambda x: x.fill(2**32 - 1)),
        ("0.dense_weights", lambda x: x.fill(0)),
    ):
        content = bytearray(index.read_bytes())
        place, changed = content.index(tensors[name].tobytes()), tensors[name].copy()
        change(changed)
        assert changed.tobytes() != tensors[name].tobytes()
        content[place : place + changed.nbytes] = changed.tobytes()
        index.write_bytes(content)
        os.utime(index, ns=(state.st_atime_ns, state.st_mtime_ns))
        assert answers(path) == expected, name
        assert index.read_bytes() != content


@pytest.mark.parametrize("opened_before", [False, True])
def test_a_damaged_shard_is_named(path, opened_before):
    expected = answers(path) if opened_before else None
    shard = path / "shards" / "00002.safetensors"
    whole = shard.read_bytes()
    content = bytearray(whole)
    content[-1] ^= 1
    shard.write_bytes(content)
    for _ in range(2):
        with pytest.raises(ModelError, match=r"00002\.safetensors: shard changed since it was written"):
            answers(path)
    if opened_before:
        shard.write_bytes(whole)
        assert answers(path) == expected
    else:
        assert files(path) == {"manifest.json", "shards"}


@pytest.fixture
def checked(monkeypatch):
    """The names of the shards that are checked."""
    names = []
    monkeypatch.setattr("pwdismec.model.model.check_shard", lambda path, *_: names.append(path.name))
    return names


def test_shards_are_checked_once_and_then_those_that_were_written_to(path, checked):
    answers(path)
    assert len(checked) == 5
    answers(path)
    assert len(checked) == 5
    os.utime(path / "shards" / "00003.safetensors")
    answers(path)
    answers(path)
    assert checked[5:] == ["00003.safetensors"]


def test_where_nothing_can_be_put_on_record_shards_are_checked_each_time(
    path, checked, monkeypatch, tmp_path
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    (tmp_path / "file").write_text("in the way")
    first, second = answers(path), answers(path)
    assert first == second and len(checked) == 10


def test_where_it_cannot_be_written_it_is_built_in_memory(path, tmp_path):
    model_of(tmp_path / "other", weights_of(0), label_bias=BIAS, shard_size=64)
    (path / INDEX).mkdir()
    assert answers(path) == answers(tmp_path / "other")
    assert list((path / INDEX).iterdir()) == []


def test_what_a_killed_builder_left_is_removed(path):
    (path / f".{INDEX}.0123abcd.part").write_bytes(b"half")
    answers(path)
    assert files(path) == {"manifest.json", "shards", INDEX}


def test_builders_at_the_same_time_do_no_harm(path, tmp_path):
    model_of(tmp_path / "other", weights_of(0), label_bias=BIAS, shard_size=64)
    expected = answers(tmp_path / "other")
    with multiprocessing.get_context("fork").Pool(4) as pool:
        assert pool.map(answers, [path] * 8, chunksize=1) == [expected] * 8
    assert files(path) == {"manifest.json", "shards", INDEX}


def test_a_model_without_labels_predicts_nothing(tmp_path):
    model_of(tmp_path / "model", weights_of(0)[:0], label_bias=BIAS[:0], shard_size=64)
    for _ in range(2):
        top = Predictor(Model.open(tmp_path / "model")).predict(X, 3)
        assert (top.labels == -1).all()
