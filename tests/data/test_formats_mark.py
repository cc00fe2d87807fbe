"""A byte order mark at the start of a file is no part of its text, whatever reads it."""

import bz2
import gzip
import lzma
from codecs import BOM_UTF8
from io import BytesIO

import numpy as np
import pytest
import zstandard

from pwdismec.data import convert
from pwdismec.data.formats import lines, open_source, read_source
from pwdismec.data.formats.stream import StreamedInstances
from pwdismec.data.names import read_names
from pwdismec.errors import DataError
from pwdismec.weighting.schemes import read_weights

COMPRESS = {
    "": bytes,
    ".gz": gzip.compress,
    ".XZ": lzma.compress,
    ".Bz2": bz2.compress,
    ".zst": zstandard.compress,
}
TEXTS = {
    "xmc": [b"2 3 2\n0,1 0:1 2:0.5\n 1:2\n"],
    "svmlight": [b"0,1 0:1 2:0.5\n1 1:2\n"],
    "short": [b"1\n0 1:1"],
    "xmc-pair": [b"2 3\n0:1 2:0.5\n1:2\n", b"2 2\n0:1 1:1\n\n"],
}


def same(a, b):
    for left, right in zip(a, b, strict=True):
        np.testing.assert_array_equal(left.to_scipy().toarray(), right.to_scipy().toarray())


@pytest.mark.parametrize("piece_size", [4, 1000])
@pytest.mark.parametrize("suffix", COMPRESS)
@pytest.mark.parametrize("name", TEXTS)
def test_of_a_text_of_features(tmp_path, monkeypatch, name, suffix, piece_size):
    """Suffixes of any case say how a file is compressed."""
    monkeypatch.setattr(lines, "PIECE_SIZE", piece_size)
    marked, plain = [], []
    for i, text in enumerate(TEXTS[name]):
        for paths, mark in ((marked, BOM_UTF8), (plain, b"")):
            paths.append(tmp_path / f"{i}{bool(mark)}.txt{suffix}")
            paths[-1].write_bytes(COMPRESS[suffix](mark + text))
    same(read_source(marked), read_source(plain))


@pytest.mark.parametrize("name", ["xmc", "svmlight"])
def test_of_a_stream(name):
    plain, marked = (
        StreamedInstances(BytesIO(mark + TEXTS[name][0]), "in", one_based=False, n_features=3)
        for mark in (b"", BOM_UTF8)
    )
    same(*([rows.narrowed(3) for rows in stream] for stream in (plain, marked)))


def test_only_the_first_is_a_mark(tmp_path):
    for text in (BOM_UTF8 * 2 + TEXTS["svmlight"][0], TEXTS["svmlight"][0] + BOM_UTF8 + b"1 1:2\n"):
        (tmp_path / "a.txt").write_bytes(text)
        with pytest.raises(DataError, match="expected a label id"):
            read_source(tmp_path / "a.txt")


def test_of_names_and_weights(tmp_path):
    for name, text in (("names", "eins\nzwei\n"), ("features", "a\nb\nc\n"), ("weights", "1\n2\n")):
        (tmp_path / name).write_text(text, "utf-8-sig")
    (tmp_path / "a.txt").write_bytes(TEXTS["xmc"][0])
    names = {"label_names": tmp_path / "names", "feature_names": tmp_path / "features"}
    made = convert(open_source(tmp_path / "a.txt"), tmp_path / "made", **names)
    assert made.label_names == ["eins", "zwei"] and made.feature_names == ["a", "b", "c"]
    assert read_weights(tmp_path / "weights", 2).tolist() == [1, 2]


def test_of_names_that_were_stored_it_is_a_part(tmp_path):
    """A name may begin with this character."""
    (tmp_path / "names").write_text("\ufeffa\n", "utf-8")
    assert read_names(tmp_path / "names", 1, "labels") == ["\ufeffa"]
