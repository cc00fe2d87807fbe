"""Long lines, sizes that a header or an id promises, and archives: refused by a limit that is named."""

import bz2
import io
import struct
import zipfile
from unittest import mock

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import example, given
from hypothesis import strategies as st

from pwdismec import convert, machine
from pwdismec.data.formats import gathered_blocks, lines, open_source, read_source, rows
from pwdismec.data.formats.lines import LongLine, pieces_of_lines, pieces_of_stream
from pwdismec.data.formats.stream import StreamedInstances
from pwdismec.errors import DataError

LONGEST = 8


def whole_before_the_first_long(content: bytes) -> tuple[bytes, bool]:
    """The oracle: what must come, and whether a line of more than `LONGEST` bytes follows."""
    given = b""
    for line in content.splitlines(keepends=True):
        if len(line.rstrip(b"\n")) > LONGEST:
            return given, True
        given += line
    return given, False


def taken(pieces) -> tuple[bytes, bool]:
    found = b""
    try:
        for piece in pieces:
            found += piece.tobytes()
            assert found.endswith(b"\n") or not next(pieces, None)
    except LongLine:
        return found, True
    return found, False


@pytest.mark.parametrize("suffix", ["", ".bz2"])
@given(
    lengths=st.lists(st.integers(0, LONGEST + 2), min_size=1, max_size=8),
    ends=st.booleans(),
    piece_size=st.integers(1, LONGEST),
)
@example(lengths=[LONGEST], ends=False, piece_size=1)
@example(lengths=[1, LONGEST + 1], ends=True, piece_size=LONGEST)
def test_lines_up_to_the_limit_are_given_and_no_longer_one(
    tmp_path_factory, suffix, lengths, ends, piece_size
):
    content = b"\n".join(b"x" * length for length in lengths) + b"\n" * ends or b"\n"
    path = tmp_path_factory.mktemp("lines") / f"lines{suffix}"
    path.write_bytes(bz2.compress(content) if suffix else content)
    with mock.patch.object(lines, "PIECE_SIZE", piece_size):
        expected = whole_before_the_first_long(content)
        assert taken(pieces_of_lines(path, skip_first=False, longest=LONGEST)) == expected
        assert taken(pieces_of_stream(io.BytesIO(content), path, b"", LONGEST)) == expected
        begun, rest = content[:3], io.BytesIO(content[3:])
        if b"\n" not in begun:
            assert taken(pieces_of_stream(rest, path, begun, LONGEST)) == expected


@pytest.mark.parametrize("jobs", [1, 4])
def test_a_fault_before_a_long_line_comes_first(tmp_path, monkeypatch, jobs):
    monkeypatch.setattr(lines, "PIECE_SIZE", 16)
    monkeypatch.setattr(rows, "LONGEST_LINE", 100)
    long = " ".join(f"{i}:1" for i in range(40))
    path = tmp_path / "a.txt"
    for good, number, message in (("1:1\n", 31, "a line of more than 100 bytes"), ("1:x\n", 30, "'1:x'")):
        path.write_text("1:1\n" * 29 + good + long + "\n")
        with mock.patch.object(rows, "pieces_of_lines", lambda path, skip_first: pieces_of_lines(
            path, skip_first=skip_first, longest=100)), pytest.raises(DataError) as caught:  # fmt: skip
            read_source(path, jobs=jobs)
        assert caught.value.line == number
        assert message.replace("100 bytes", "0.1 kB") in str(caught.value)


def refused(act) -> str:
    with pytest.raises(DataError) as caught:
        act()
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("header, message", [
    ("2147483648 2 2", "rows 2147483648; expected at most 2147483647"),
    (f"1 {'9' * 100} 2", "features 999"),
    (f"{'9' * 5000} 2 2", "expected a"),
    (f"1 2 2{' ' * 300}7", "expected a header of 3 numbers"),
    (f"1 2 2{' ' * 300}", "expected a header of 3 numbers"),
    ("١ 2 2", "expected a header of 3 numbers"),
])  # fmt: skip
def test_headers_that_are_none(tmp_path, header, message):
    path = tmp_path / "a.txt"
    path.write_text(f"{header}\n0 1:1\n", encoding="utf-8")
    assert message in refused(lambda: read_source(path))
    stream = io.BytesIO(path.read_bytes())
    assert message in refused(lambda: list(StreamedInstances(stream, "in", one_based=False, n_features=2)))


def test_a_header_that_promises_all_rows_gets_no_room_for_them(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    path.write_text(f"{2**31 - 1} 9 9\n" + "0,1 " + " ".join(f"{i}:1" for i in range(9)) + "\n")
    assert "the header says 2147483647 rows, the file holds 1" in refused(lambda: read_source(path))
    monkeypatch.setattr(gathered_blocks, "memory", lambda: 1 << 20)
    growing = gathered_blocks._Growing(np.int64)
    growing.append(np.arange(3), 1e18)
    assert len(growing._room) == (1 << 20) // 4 // 8 + 1
    growing.append(np.arange(100_000), 1e18)
    assert len(growing._room) == 2 * 100_003 + 1
    np.testing.assert_array_equal(growing.array(), [*range(3), *range(100_000)])


@pytest.mark.parametrize("what, text, tfidf", [
    ("labels", "{largest} 1:1\n", False),
    ("features", "1 {largest}:1\n", True),
])  # fmt: skip
def test_ids_whose_counts_are_beyond_memory_are_refused(tmp_path, monkeypatch, what, text, tfidf):
    """And ids that are not, are not."""
    monkeypatch.setattr(machine, "memory", lambda: 64 * 1000)
    path = tmp_path / "a.txt"
    path.write_text(text.format(largest=999))
    assert convert(open_source(path), tmp_path / "set", tfidf=tfidf).n_instances == 1
    path.write_text(text.format(largest=1000))
    said = refused(lambda: convert(open_source(path), tmp_path / "none", tfidf=tfidf))
    assert said.startswith(f"{path}: 1001 {what}, one more than the largest id")
    assert "the limit is 32 kB, half of this machine's memory" in said
    assert [p.name for p in tmp_path.iterdir() if p.is_dir()] == ["set"]


@pytest.mark.parametrize("largest, is_taken", [(2**31 - 2, True), (2**31 - 1, False), (2**32 + 1, False)])
def test_ids_up_to_the_limit_are_read(tmp_path, largest, is_taken):
    path = tmp_path / "a.txt"
    path.write_text(f"{largest} 1:1\n")
    if is_taken:
        assert read_source(path).labels.indices.tolist() == [largest]
    else:
        assert f"'{largest}'; expected a label id from 0 to 2147483646" in refused(lambda: read_source(path))


GOOD = {
    "format": np.array(b"csr"),
    "shape": np.array([2, 3]),
    "data": np.ones(2, np.float32),
    "indices": np.array([0, 2]),
    "indptr": np.array([0, 1, 2]),
}


def with_shape(shape: str, descr: str = "<f8", body: bytes = b"") -> bytes:
    """An array whose header says what it likes."""
    header = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + body


def archive_of(path, members, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, value in members:
            if isinstance(value, np.ndarray):
                file = io.BytesIO()
                np.save(file, value, allow_pickle=True)
                value = file.getvalue()
            archive.writestr(name, value)


TOO_SMALL = "'data.npy': not as large as its shape says"
NPZ = {
    "a promised shape": ({"data": with_shape(f"({10**12},)")}, TOO_SMALL),
    "a shape past int64": ({"data": with_shape(f"({10**30},)")}, TOO_SMALL),
    "a negative shape": ({"data": with_shape("(-1,)")}, TOO_SMALL),
    "a shape of strings": ({"data": with_shape("('a',)")}, "damaged, or no .npz file"),
    "a header that is code": ({"data": with_shape("(print(),)")}, "damaged, or no .npz file"),
    "objects": ({"data": np.array([{}, 1], object)}, "'data.npy': an array of Python's objects"),
    "records": ({"data": np.zeros(2, "i4,f4")}, "'data.npy': an array of Python's objects"),
    "no array": ({"data": b"hello"}, "damaged, or no .npz file"),
    "an empty member": ({"data": b""}, "damaged, or no .npz file"),
    "complex": ({"data": np.ones(2, complex)}, "2 dimensions of complex128"),
    "text": ({"data": np.array(["1", "2"])}, ": "),
    "ids of 1.5": ({"indices": np.array([0.0, 1.5])}, "indices is float64; expected whole numbers"),
    "offsets of 0.5": ({"indptr": np.array([0, 0.5, 2])}, "indptr is float64; expected whole numbers"),
    "a shape of 2.5": ({"shape": np.array([2.5, 3])}, "shape is float64; expected whole numbers"),
    "ids past uint63": ({"indices": np.array([0, 2**63 + 1], np.uint64)}, "not a sparse matrix"),
    "ids past int32": ({"indices": np.array([0, 2**32 + 1])}, "not a sparse matrix"),
    "negative ids": ({"indices": np.array([0, -1])}, "not a sparse matrix"),
    "ids out of range": ({"indices": np.array([0, 3])}, "not a sparse matrix"),
    "offsets past the end": ({"indptr": np.array([0, 1, 1 << 40])}, "not a sparse matrix"),
    "offsets that fall": ({"indptr": np.array([0, 2, 1])}, "not a sparse matrix"),
    "offsets of two dimensions": ({"indptr": np.zeros((1, 3), int)}, "not a sparse matrix"),
    "no offsets": ({"indptr": None}, "not a sparse matrix"),
    "no shape": ({"shape": None}, "not a sparse matrix"),
    "no format": ({"format": None}, "not a sparse matrix"),
    "an empty shape": ({"shape": np.zeros(0, int)}, "not a sparse matrix"),
    "a format of numbers": ({"format": np.array(3)}, "not a sparse matrix"),
    "an unknown format": ({"format": np.array(b"xyz")}, ": "),
    "too many columns": ({"shape": np.array([2, 2**31])}, "2147483648 features; expected at most 2147483647"),
    "too many rows": (
        {"shape": np.array([2**40, 3]), "format": np.array(b"csc"), "indptr": np.array([0, 1, 1, 2])},
        "1099511627776 rows would take",
    ),
    "a negative number of rows": ({"shape": np.array([-2, 3])}, "not a sparse matrix"),
}  # fmt: skip


@pytest.mark.parametrize("changed, message", NPZ.values(), ids=NPZ)
def test_archives_are_looked_at_before_they_are_loaded(tmp_path, changed, message):
    path = tmp_path / "x.npz"
    members = [(f"{name}.npy", value) for name, value in (GOOD | changed).items() if value is not None]
    archive_of(path, members)
    said = refused(lambda: read_source(path))
    assert said.startswith(f"{path}: ") and message in said, said


def test_archives_of_other_forms_are_refused(tmp_path):
    path = tmp_path / "x.npz"
    members = [(f"{name}.npy", value) for name, value in GOOD.items()]
    archive_of(path, members)
    assert read_source(path).features.nnz == 2
    with pytest.warns(UserWarning, match="Duplicate name"):
        archive_of(path, [*members, members[0]])
    assert "'format.npy': no .npy array, or there twice" in refused(lambda: read_source(path))
    archive_of(path, [*members, ("../../etc/passwd", b"x")])
    assert "'../../etc/passwd': no .npy array" in refused(lambda: read_source(path))
    archive_of(path, members, zipfile.ZIP_BZIP2)
    assert "compressed by another method" in refused(lambda: read_source(path))


def test_an_archive_that_expands_beyond_memory_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    path = tmp_path / "x.npz"
    sp.save_npz(path, sp.csr_matrix(np.ones((100, 100))))
    size = sum(info.file_size for info in zipfile.ZipFile(path).infolist())
    monkeypatch.setattr(machine, "memory", lambda: 2 * size)
    assert read_source(path).features.nnz == 10_000
    monkeypatch.setattr(machine, "memory", lambda: 2 * size - 2)
    assert "its arrays would take 121 kB; the limit is 121 kB" in refused(lambda: read_source(path))
