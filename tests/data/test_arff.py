"""ARFF with labels, against LIAC-ARFF (scikit-learn's copy of it) and by hand."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.externals import _arff as liac

from pwdismec.data.formats import open_source, read_source
from pwdismec.errors import DataError

# Mulan's own example (docs "Data Format"): labels anywhere, in another order in the XML.
MULAN = """@relation MultiLabelExample

@attribute feature1 numeric
@attribute label3 {0, 1}
@attribute feature2 numeric
@attribute label1 {0, 1}
@attribute feature3 numeric
@attribute label4 {0, 1}
@attribute label5 {0, 1}
@attribute label2 {0, 1}

@data
2.3,1,5.6,0,1.4,0,0,1
"""
XML = """<?xml version="1.0" encoding="utf-8"?>
<labels xmlns="http://mulan.sourceforge.net/labels">
<label name="label5"></label><label name="label1"></label><label name="label3"></label>
<label name="label2"></label><label name="label4"></label>
</labels>"""


def files(folder, text, xml=None):
    (folder / "a.arff").write_bytes(text if isinstance(text, bytes) else text.encode())
    if xml is not None:
        (folder / "a.xml").write_bytes(xml if isinstance(xml, bytes) else xml.encode())
    return [folder / name for name in ("a.arff", "a.xml")][: 1 + (xml is not None)]


def dense(block):
    labels = block.labels.to_scipy().toarray() if block.labels.data is not None else None
    if labels is None:
        labels = np.zeros((block.labels.n_rows, block.labels.n_columns), int)
        labels[np.repeat(np.arange(block.labels.n_rows), block.labels.row_lengths), block.labels.indices] = 1
    return block.features.to_scipy().toarray(), labels


def test_mulans_own_example(tmp_path):
    source = open_source(files(tmp_path, MULAN, XML))
    assert source.format == "arff" and (source.n_features, source.n_labels) == (3, 5)
    assert source.label_names == ["label3", "label1", "label4", "label5", "label2"]
    assert source.feature_names == ["feature1", "feature2", "feature3"]
    features, labels = dense(read_source(files(tmp_path, MULAN, XML)))
    np.testing.assert_array_equal(features, np.array([[2.3, 5.6, 1.4]], np.float32))
    assert labels.tolist() == [[1, 0, 0, 0, 1]]


def test_the_xml_beside_a_part_is_found(tmp_path):
    for name in ("emotions-train.arff", "emotions-test.arff"):
        (tmp_path / name).write_text(MULAN)
    (tmp_path / "Emotions.xml").write_text(XML)
    (tmp_path / "emo.xml").write_text("<labels><label name='feature1'/></labels>")
    assert open_source(tmp_path / "emotions-test.arff").n_labels == 5


def test_labels_may_be_nested(tmp_path):
    nested = '<labels><label name="label1"><label name="label2"/></label></labels>'
    assert open_source(files(tmp_path, MULAN, nested)).label_names == ["label1", "label2"]


@pytest.mark.parametrize("c, labels", [(2, ["a", "b"]), (-1, ["d"]), (-3, ["b", "c", "d"])])
def test_meka_says_which_are_labels(tmp_path, c, labels):
    attributes = "".join(f"@ATTRIBUTE {name} {{0,1}}\n" for name in "abcd")
    text = f"@RELATION 'x: -C {c} -split 0.5'\n% a comment\n{attributes}@DATA\n\n0,1,0,1\n"
    assert open_source(files(tmp_path, text)).label_names == labels


def test_other_values_are_a_feature_each(tmp_path):
    attributes = "@attribute 'a kind' {red,'dark blue'}\n@attribute n {0,5}\n@attribute l {0,1}\n"
    text = f"@relation 'x: -C -1'\n{attributes}@data\n"
    paths = files(tmp_path, text + "'dark blue', 5 ,1\n{1 5}\n{0 'dark blue', 2 1}\nred,0,0\n")
    assert open_source(paths).feature_names == ["a kind=red", "a kind=dark blue", "n"]
    features, labels = dense(read_source(paths))
    assert features.tolist() == [[0, 1, 5], [1, 0, 5], [0, 1, 0], [1, 0, 0]]
    assert labels.ravel().tolist() == [1, 0, 1, 0]


NUMBERS = st.one_of(
    st.just(0.0), st.floats(width=32, allow_nan=False, allow_infinity=False), st.integers(-99, 99).map(float)
)


@st.composite
def tables(draw):
    n_features, n_labels, n_rows = (draw(st.integers(low, 4)) for low in (1, 1, 1))
    features = draw(
        st.lists(
            st.lists(NUMBERS, min_size=n_features, max_size=n_features), min_size=n_rows, max_size=n_rows
        )
    )
    labels = draw(
        st.lists(
            st.lists(st.sampled_from([0, 1]), min_size=n_labels, max_size=n_labels),
            min_size=n_rows,
            max_size=n_rows,
        )
    )
    order = draw(st.permutations(range(n_features + n_labels)))
    return features, labels, n_features, n_labels, order, draw(st.booleans())


@given(tables())
def test_what_liac_arff_writes_and_reads_is_read(tmp_path_factory, table):
    features, labels, n_features, n_labels, order, sparse = table
    folder = tmp_path_factory.mktemp("arff")
    kinds = [(f"f {i}", "NUMERIC") for i in range(n_features)]
    kinds += [(f"l'{i}", ["0", "1"]) for i in range(n_labels)]
    rows = [[*row, *map(str, sets)] for row, sets in zip(features, labels, strict=True)]
    data = [[row[i] for i in order] for row in rows]
    if sparse:
        data = [{i: cell for i, cell in enumerate(row) if cell not in (0.0, "0")} for row in data]
    text = liac.dumps({"relation": "r", "attributes": [kinds[i] for i in order], "data": data})
    names = "".join(f'<label name="l&apos;{i}"/>' for i in range(n_labels))
    found, sets = dense(read_source(files(folder, text, f"<labels>{names}</labels>")))
    by_liac = liac.loads(text, return_type=liac.LOD if sparse else liac.DENSE)["data"]
    cells = [[row.get(i, 0) if sparse else row[i] for i in range(len(order))] for row in by_liac]
    whole = np.array(cells, float).reshape(len(cells), len(order))
    columns = [place for place, i in enumerate(order) if i < n_features]
    others = [place for place, i in enumerate(order) if i >= n_features]
    np.testing.assert_array_equal(found, whole[:, columns].astype(np.float32))
    np.testing.assert_array_equal(sets, whole[:, others])


def test_blocks_are_cut_anywhere(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    table = rng.integers(0, 2, (50, 6))
    head = "@relation 'x: -C 2'\n" + "".join(f"@attribute a{i} {{0,1}}\n" for i in range(6)) + "@data\n"
    paths = files(tmp_path, head + "".join(",".join(map(str, row)) + "\n" for row in table))
    monkeypatch.setattr("pwdismec.data.formats.arff._CELLS", 20)
    assert len(list(open_source(paths))) > 10
    features, labels = dense(read_source(paths))
    np.testing.assert_array_equal(np.hstack([labels, features]), table)


HEAD = "@relation 'x: -C 1'\n@attribute l {0,1}\n@attribute f numeric\n@attribute g {0,2}\n@data\n"
BAD = {
    "": "the file is empty",
    "@relation x\n": ":1: the file ends before @data; expected an ARFF file",
    "hello\n": ":1: 'hello'; expected @relation, @attribute or @data",
    "@attribute f string\n@data\n": ":1: attribute 'f': 'string'; expected numeric, real, integer",
    "@attribute f {a\n@data\n": ":1: attribute 'f': '{a'; expected numeric, real, integer or {values}",
    "@attribute f real\n@attribute f real\n@data\n": ": attribute 'f' twice; expected each name once",
    "@attribute f real\n@data\n": ": nothing says which attributes are labels; expected Mulan's XML",
    "@relation '-C 2'\n@attribute a real\n@attribute b real\n@data\n": ":1: -C 2; expected less than",
    "@relation '-C 1'\n@attribute a {y,n}\n@attribute b real\n@data": ": label 'a': values 'y', 'n'; exp",
    HEAD + "1,2\n": ":6: 2 cells; expected 3 cells, divided by commas",
    HEAD + "1,2,'x\n": ':6: "1,2,\'x"; expected 3 cells, divided by commas',
    HEAD + "1,2,0,\n": ":6: '1,2,0,'; expected 3 cells, divided by commas",
    HEAD + "1,?,0\n": ":6: attribute 'f': '?'; expected a finite number, at most 3.4e38",
    HEAD + "1,1_0,0\n": ":6: attribute 'f': '1_0'; expected a finite number, at most 3.4e38",
    HEAD + "1,nan,0\n": ":6: attribute 'f': 'nan'; expected a finite number, at most 3.4e38",
    HEAD + "1,1e39,0\n": ":6: attribute 'f': 1e+39; expected a finite number, at most 3.4e38",
    HEAD + "1,1,3\n": ":6: attribute 'g': 3; expected one of '0', '2'",
    HEAD + "% c\n{0 2}\n": ":7: attribute 'l': 2; expected one of '0', '1'",
    HEAD + "{0 1\n": ":6: '{0 1'; expected {attribute value, …}",
    HEAD + "{3 1}\n": ":6: '3 1'; expected an attribute from 0 to 2, and its value",
    HEAD + "{99999999999999999999 1}\n": ":6: '99999999999999999999 1'; expected an attribute from 0 to 2",
    HEAD + "{1 1 2}\n": ":6: '1 1 2'; expected an attribute from 0 to 2, and its value",
    HEAD + "{1 1, 1 2}\n": ":6: attribute 'f' twice in one row",
    HEAD.replace("{0,1}", "{1,0}")
    + "{1 1}\n": ":6: label 'l': 1 where a sparse row leaves it out; expected {0,1}",
    (HEAD + "1,2,0\n").encode() + b"1,\xff,0\n": ":7: byte 3 of the line is 0xff; expected UTF-8",
}


@pytest.mark.parametrize("text", BAD, ids=range(len(BAD)))
def test_what_is_refused(tmp_path, text):
    with pytest.raises(DataError, match=re.escape(BAD[text])):
        read_source(files(tmp_path, text))


BOMB = '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><labels><label name="&b;"/></labels>'
BAD_XML = {
    BOMB: ":1: a document type; expected Mulan's XML of labels",
    '<!DOCTYPE l SYSTEM "file:///etc/passwd"><labels/>': ":1: a document type; expected Mulan's XML",
    "<labels><label name='label1'></labels>": ":1: not XML: mismatched tag; expected Mulan's XML of labels",
    "<labels>\n<tag name='label1'/></labels>": ":2: element 'tag'; expected Mulan's XML of labels",
    "<html/>": ":1: element 'html'; expected Mulan's XML of labels",
    "<labels/>": ":1: no label; expected Mulan's XML of labels",
    "<labels><label/></labels>": ":1: a label without a name; expected Mulan's XML of labels",
    "<labels><label name='a'/><label name='a'/></labels>": ": label 'a' twice; expected each once",
    "\0\0": ":1: not XML: ",
}


@pytest.mark.parametrize("xml", BAD_XML, ids=range(len(BAD_XML)))
def test_what_is_refused_in_the_xml(tmp_path, xml):
    with pytest.raises(DataError, match=re.escape("a.xml" + BAD_XML[xml])):
        open_source(files(tmp_path, MULAN, xml))


def test_a_label_of_the_xml_that_is_no_attribute_is_named(tmp_path):
    with pytest.raises(DataError, match=r"a.arff: no attribute 'label9', a label of .*a.xml"):
        open_source(files(tmp_path, MULAN, "<labels><label name='label9'/></labels>"))


def test_deep_nesting_takes_no_stack(tmp_path):
    depth = 200_000
    deep = "".join(f'<label name="{i}">' for i in range(depth)) + "</label>" * depth
    with pytest.raises(DataError, match="no attribute '0'"):
        open_source(files(tmp_path, MULAN, f"<labels>{deep}</labels>"))


def test_a_row_of_a_megabyte_that_is_no_number_is_refused_at_once(tmp_path):
    for row in ("1" * 1_000_000 + "x", "1." + "1" * 1_000_000 + "x", "{1 " + "1" * 1_000_000 + "x}"):
        with pytest.raises(DataError, match=r"a\.arff:6: "):
            read_source(files(tmp_path, HEAD + row + "\n"))


def test_a_header_beyond_memory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("pwdismec.machine.memory", lambda: 1_000_000)
    values = ",".join(map(str, range(9999)))
    with pytest.raises(DataError, match=r"a\.arff:1: the attributes would take .*; expected fewer"):
        read_source(files(tmp_path, f"@attribute a {{{values}}}\n@data\n"))


@pytest.mark.parametrize(
    "kind", ["{0,1}", " {0,1} % c", "\t{1, 0}", " numeric % a comment, {0}", " real%", " {0,1}% }"]
)
def test_a_type_may_stand_close_to_the_name_and_before_a_comment(tmp_path, kind):
    path = tmp_path / "a.arff"
    path.write_text(f"@relation 'r: -C -1'\n@attribute f{kind}\n@attribute l {{0,1}}\n@data\n1,1\n0,0\n")
    block = read_source(path)
    assert block.features.to_scipy().toarray().ravel().tolist() == [1, 0]
    assert block.labels.to_scipy().toarray().ravel().tolist() == [1, 0]
