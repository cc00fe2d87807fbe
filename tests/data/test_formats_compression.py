"""Compressed files: what may stand between and behind streams, in memory that their content cannot choose."""

import bz2
import gzip
import lzma
import struct

import pytest
import zstandard
from helpers.limited import answer_of
from hypothesis import given
from hypothesis import strategies as st

from pwdismec.data.formats import compression
from pwdismec.data.formats.compression import clear_read_errors, open_to_read
from pwdismec.errors import DataError

COMPRESS = {".gz": gzip.compress, ".xz": lzma.compress, ".bz2": bz2.compress, ".zst": zstandard.compress}
SKIPPABLE = struct.pack("<II", 0x184D2A50, 4) + b"skip"


def content_of(folder, suffix, data):
    path = folder / f"data{suffix}"
    path.write_bytes(data)
    with clear_read_errors(path), open_to_read(path) as file:
        return file.read()


@pytest.mark.parametrize("suffix", COMPRESS)
@given(parts=st.lists(st.binary(max_size=300), min_size=1, max_size=4), times=st.sampled_from([1, 1000]))
def test_streams_one_after_another_are_read_as_one(tmp_path_factory, suffix, parts, times):
    folder = tmp_path_factory.mktemp("streams")
    data = b"".join(COMPRESS[suffix](part * times) for part in parts)
    assert content_of(folder, suffix, data) == b"".join(part * times for part in parts)


@pytest.mark.parametrize("suffix", COMPRESS)
@pytest.mark.parametrize("behind", [b"junk", b"\x28\xb5\x2f", b"1 0:1\n" * 1000])
def test_what_is_no_stream_behind_one_is_refused(tmp_path, suffix, behind):
    """Python's own readers of xz and bzip2 leave it out, and with it what a damaged stream holds."""
    with pytest.raises(DataError, match=r"damaged, or no|cut off"):
        content_of(tmp_path, suffix, COMPRESS[suffix](b"1 0:1\n") + behind)


@pytest.mark.parametrize("suffix", COMPRESS)
def test_a_file_cut_off_anywhere_is_refused(tmp_path, suffix):
    whole = COMPRESS[suffix](b"1 0:1\n" * 100)
    for end in range(1, len(whole)):
        with pytest.raises(DataError, match="cut off"):
            content_of(tmp_path, suffix, whole[:end])


@pytest.mark.parametrize("suffix", COMPRESS)
@pytest.mark.parametrize("content", [b"", b"a"])
def test_a_tiny_stream_costs_no_copy_of_all_that_is_behind_it(tmp_path, monkeypatch, suffix, content):
    given, made = [], []
    decompress, decompressor = compression._Streams._decompress, zstandard.ZstdDecompressor

    def counted(self, data, most):
        given.append(len(data))
        return decompress(self, data, most)

    monkeypatch.setattr(compression._Streams, "_decompress", counted)
    monkeypatch.setattr(
        zstandard, "ZstdDecompressor", lambda **kwargs: made.append(1) or decompressor(**kwargs)
    )
    assert content_of(tmp_path, suffix, COMPRESS[suffix](content) * 3000) == content * 3000
    assert 3000 <= len(given) < 3100 and max(given) <= 4096
    assert len(made) == (suffix == ".zst")


@pytest.mark.parametrize("suffix", COMPRESS)
def test_a_damaged_second_stream_is_no_end(tmp_path, suffix):
    second = bytearray(COMPRESS[suffix](b"2 0:1\n" * 100))
    second[1] ^= 0xFF
    with pytest.raises(DataError, match="damaged, or no"):
        content_of(tmp_path, suffix, COMPRESS[suffix](b"1 0:1\n") + second)


def test_padding_and_skippable_frames_hold_nothing(tmp_path):
    xz, gz, zst = (COMPRESS[suffix](b"a") for suffix in (".xz", ".gz", ".zst"))
    assert content_of(tmp_path, ".xz", xz + bytes(8) + xz + bytes(4)) == b"aa"
    assert content_of(tmp_path, ".gz", gz + bytes(100)) == b"a"
    assert content_of(tmp_path, ".zst", SKIPPABLE + zst + SKIPPABLE + zst) == b"aa"
    with pytest.raises(DataError, match="cut off"):
        content_of(tmp_path, ".zst", zst + SKIPPABLE[:-1])
    with pytest.raises(DataError, match="damaged"):
        content_of(tmp_path, ".xz", bytes(4) + xz)


def test_a_large_window_is_refused_by_its_limit(tmp_path):
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 1 << 29}]
    limit = "takes more than 134 MB of memory to decompress"
    with pytest.raises(DataError, match=f"{limit}; expected xz data of a smaller window"):
        content_of(tmp_path, ".xz", lzma.compress(b"a" * 1000, filters=filters))
    frame = b"\x28\xb5\x2f\xfd" + bytes([0, 21 << 3]) + b"\x01\x00\x00"  # a window of 2 GiB
    with pytest.raises(DataError, match=f"{limit}; expected Zstandard data"):
        content_of(tmp_path, ".zst", frame)


def zst_bomb(n_blocks):
    """128 KiB of zeros in every four bytes."""
    block = (131072 << 3) | 1 << 1
    blocks = struct.pack("<I", block)[:3] + b"0"
    last = struct.pack("<I", block | 1)[:3] + b"0"
    return b"\x28\xb5\x2f\xfd" + bytes([0, 7 << 3]) + blocks * (n_blocks - 1) + last


BOMBS = {
    ".zst": lambda: zst_bomb(24_000),  # 3 GB
    ".bz2": lambda: bz2.compress(b"0" * 45_000_000) * 70,  # 3 GB
    ".gz": lambda: gzip.compress(b"0" * 300_000_000, 1) * 2,
    ".xz": lambda: lzma.compress(b"0" * 300_000_000, preset=0) * 2,
}


@pytest.mark.parametrize("suffix", BOMBS)
def test_a_line_of_gigabytes_is_refused_in_bounded_memory(tmp_path, suffix):
    path = tmp_path / f"bomb{suffix}"
    path.write_bytes(BOMBS[suffix]())
    told, megabytes = answer_of("from pwdismec.data.formats import read_source as act", path)
    assert told == f"{path}:1: a line of more than 256 MB; expected shorter lines"
    assert megabytes < 1000


def test_a_plain_line_of_gigabytes_is_refused_in_bounded_memory(tmp_path):
    path = tmp_path / "bomb.txt"
    path.write_bytes(b"1 1:1\n")
    with path.open("r+b") as file:
        file.truncate(3_000_000_000)
    told, megabytes = answer_of("from pwdismec.data.formats import read_source as act", path)
    assert told == f"{path}:2: a line of more than 256 MB; expected shorter lines"
    assert megabytes < 1000
