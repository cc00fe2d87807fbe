"""Folders, corpora and vocabularies as others publish them, on the command line."""

import gzip
import json

import numpy as np
import pytest
import scipy.sparse
from helpers.command_line import pwdismec, refusal

from pwdismec.data import Dataset

VOCABULARY = (
    "uri,label_de,label_en,notation\nhttp://x/1,Wald,forest,1\nhttp://x/2,Baum,,2\nhttp://x/3,Meer,sea,\n"
)
DOCUMENTS = {
    "d1": ("Der Wald und Baum", ["1", "2"]),
    "d2": ("Das Meer", ["3"]),
    "d3": ("Wald am Meer", ["1", "3"]),
}


def done(*arguments):
    answer = pwdismec(*arguments)
    assert answer.code == 0, answer.err
    return answer


@pytest.fixture
def xmc(tmp_path):
    folder = tmp_path / "xmc"
    folder.mkdir()
    for name, content in {
        "trn_X_Xf.txt": "3 4\n0:1 2:1\n1:2\n3:1 0:2\n",
        "trn_X_Y.txt": "3 3\n0:1 2:1\n1:1\n2:1\n",
        "tst_X_Xf.txt": "2 4\n0:1\n1:2\n",
        "tst_X_Y.txt": "2 3\n0:1\n1:1\n",
        "trn_X.txt": "wald meer\nbaum\nfisch wald\n",
        "tst_X.txt": "wald\nbaum\n",
        "Xf.txt": "wald\nbaum\nmeer\nfisch\n",
        "Yf.txt": "A\nB\nC\n",
    }.items():
        (folder / name).write_text(content)
    return folder


@pytest.mark.parametrize("texts", [[], ["--text", "text", "--min-df", "1"]], ids=["features", "texts"])
def test_a_whole_job_from_a_folder_of_the_repository(tmp_path, xmc, texts):
    said = done("convert", xmc, tmp_path / "train", *texts).err
    assert f"reading {xmc}/trn_X" in said and "tst" not in said
    done("convert", xmc, tmp_path / "test", "--like", tmp_path / "train")
    train, test = (Dataset.open(tmp_path / name) for name in ("train", "test"))
    assert (train.n_instances, test.n_instances, train.label_names) == (3, 2, ["A", "B", "C"])
    done("train", tmp_path / "train", tmp_path / "model")
    tables = []
    for name, source in (("folder", xmc), ("set", tmp_path / "test")):
        done("predict", tmp_path / "model", source, tmp_path / name, "--top-k", "3")
        for truth in (xmc, tmp_path / "test"):
            tables.append(
                done("evaluate", tmp_path / name, truth, "--train", tmp_path / "train", "-k", "1").out
            )
    assert (tmp_path / "folder").read_bytes() == (tmp_path / "set").read_bytes()
    assert len(set(tables)) == 1
    if not texts:
        assert train.feature_names == ["wald", "baum", "meer", "fisch"]
        assert done("evaluate", tmp_path / "set", xmc, "--train", xmc, "-k", "1").out == tables[0]


def test_raw_records_of_the_repository_keep_ids_and_names(tmp_path):
    folder = tmp_path / "raw"
    folder.mkdir()
    for part, uids in (("trn", "ab"), ("tst", "c")):
        rows = [{"uid": uid, "title": "wald", "content": "meer", "target_ind": [1, 0]} for uid in uids]
        (folder / f"{part}.json.gz").write_bytes(gzip.compress("\n".join(map(json.dumps, rows)).encode()))
    names = [{"uid": f"u{i}", "title": f"name {i}"} for i in range(2)]
    (folder / "lbl.json.gz").write_bytes(gzip.compress("\n".join(map(json.dumps, names)).encode()))
    done("convert", folder, tmp_path / "train", "--text", "title,content")
    done("convert", folder, tmp_path / "test", "--like", tmp_path / "train")
    train, test = (Dataset.open(tmp_path / name) for name in ("train", "test"))
    assert train.label_names == ["name 0", "name 1"] and train.label_uris == ["u0", "u1"]
    assert [*train.record_ids] == ["a", "b"] and [*test.record_ids] == ["c"]


def annif(folder, kind):
    """The same corpus in one of Annif's layouts."""
    uris = {
        name: [f"http://x/{subject}" for subject in subjects] for name, (_, subjects) in DOCUMENTS.items()
    }
    if kind == "folder":
        folder.mkdir()
        for name, (text, _) in DOCUMENTS.items():
            (folder / f"{name}.txt").write_text(text)
            (folder / f"{name}.tsv").write_text("".join(f"<{uri}>\n" for uri in uris[name]))
        return folder
    path = folder.with_name(f"corpus.{kind}")
    if kind == "tsv":
        lines = [
            f"{text}\t{' '.join(f'<{uri}>' for uri in uris[name])}" for name, (text, _) in DOCUMENTS.items()
        ]
    elif kind == "csv":
        rows = [f"{name},{text},{' '.join(uris[name])}" for name, (text, _) in DOCUMENTS.items()]
        lines = ["id,text,subject_uris", *rows]
    else:
        lines = [
            json.dumps({"text": text, "subjects": [{"uri": uri} for uri in uris[name]]})
            for name, (text, _) in DOCUMENTS.items()
        ]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("kind", ["folder", "tsv", "csv", "jsonl"])
def test_every_layout_of_annif_is_the_same_data_set(tmp_path, kind):
    (tmp_path / "vocabulary.csv").write_text(VOCABULARY)
    options = ["--text", "text", "--min-df", "1", "--label-names", tmp_path / "vocabulary.csv"]
    options += ["--format", "annif"] if kind == "jsonl" else []
    answer = done(
        "convert", annif(tmp_path / "docs", kind), tmp_path / "made", *options, "--label-language", "en"
    )
    assert "no name for 1 of 3 labels, such as http://x/2" in answer.err
    made = Dataset.open(tmp_path / "made")
    assert made.label_names == ["forest", "http://x/2", "sea"]
    assert made.label_uris == ["http://x/1", "http://x/2", "http://x/3"]
    assert [row.tolist() for row in made.labels.to_scipy().toarray().astype(int)] == [
        [1, 1, 0],
        [0, 0, 1],
        [1, 0, 1],
    ]


@pytest.mark.parametrize(
    "content, options, said",
    [
        (VOCABULARY, [], ":1: names in several languages; expected --label-language, one of 'de', 'en'"),
        (
            VOCABULARY,
            ["--label-language", "fi"],
            ":1: no column label_fi; expected --label-language, one of 'de'",
        ),
        ("a,b\n", [], ":1: columns 'a', 'b'; expected uri, and label_ with a language"),
        ("", [], ": the file is empty"),
        ("uri,label_de\nhttp://x/1\n", [], ":2: 1 cell; expected 2, as in the header"),
        ("uri,label_de\n,Wald\n", [], ":2: no uri for 'Wald'; expected one"),
        ('uri,label_de\nx,"a\n', [], ":2: not well-formed: unexpected end of data"),
        (
            "uri,label_de\nhttp://x/1,A\nhttp://x/1,B\n",
            [],
            ":3: label 'http://x/1' has the name 'A' in an earlier",
        ),
    ],
)
def test_a_vocabulary_that_does_not_fit_is_refusal(tmp_path, content, options, said):
    (tmp_path / "v.csv").write_text(content)
    texts = ["--text", "text", "--min-df", "1", "--label-names", tmp_path / "v.csv", *options]
    answer = pwdismec("convert", annif(tmp_path / "docs", "tsv"), tmp_path / "made", *texts)
    assert answer.code == 2 and f"v.csv{said}" in answer.err
    assert not (tmp_path / "made").exists()


MULAN = (
    "@relation r\n@attribute f numeric\n@attribute {} {{0,1}}\n@attribute {} {{0,1}}\n@data\n2,1,0\n3,0,1\n"
)


def test_names_of_mulan_are_those_of_features_and_labels(tmp_path):
    folder = tmp_path / "mulan"
    folder.mkdir()
    (folder / "r-train.arff").write_text(MULAN.format("a", "b"))
    (folder / "r-test.arff").write_text(MULAN.format("b", "a"))
    (folder / "r.xml").write_text("<labels><label name='a'/><label name='b'/></labels>")
    done("convert", folder, tmp_path / "train")
    train = Dataset.open(tmp_path / "train")
    assert (train.feature_names, train.label_names) == (["f"], ["a", "b"])
    said = refusal("convert", folder / "r-test.arff", tmp_path / "test", "--like", tmp_path / "train")
    assert "r-test.arff: label 0 is 'b'; in the training set it is 'a'; expected the same columns" in said
    (tmp_path / "p.txt").write_text("1 2\n0:1\n")
    evaluate = ("evaluate", tmp_path / "p.txt", folder / "r-test.arff", "--train", tmp_path / "train")
    assert refusal(*evaluate, "-k", "1") == said


def test_a_format_names_what_a_suffix_does_not_tell(tmp_path):
    source = annif(tmp_path / "docs", "tsv").rename(tmp_path / "corpus.dat")
    options = ["--text", "text", "--min-df", "1", "--columns", "text,l", "--label-field", "l"]
    options += ["--label-separator", " "]
    said = refusal("convert", source, tmp_path / "made", *options)
    assert "suffix '.dat'; expected a file of records" in said and said.endswith("or its --format")
    done("convert", source, tmp_path / "made", *options, "--format", "tsv")
    done("train", tmp_path / "made", tmp_path / "model")
    done("predict", tmp_path / "model", source, tmp_path / "p.txt", "--format", "tsv")
    done("evaluate", tmp_path / "p.txt", source, "--format", "tsv", "--train", tmp_path / "made", "-k", "1")


def test_an_experiment_takes_a_folder_and_notices_a_change(tmp_path, xmc):
    settings = "weightings: [pw]\npredict: {top_k: 1}\nevaluate: {ks: [1]}\n"
    (tmp_path / "e.yaml").write_text(f"name: e\ndata: .\ntrain: xmc\ntest: xmc\n{settings}")
    run = ("run", tmp_path / "e.yaml", "--out", tmp_path / "runs")
    done(*run)
    assert "convert-train: done before" in done(*run).err
    assert Dataset.open(tmp_path / "runs" / "test").n_instances == 2
    (xmc / "trn_X_Y.txt").write_text("3 3\n0:1 2:1\n1:1\n0:1 2:1\n")
    assert "convert-train: done before" not in done(*run).err


LABELS = [{0}, {2, 10}, {1}, {10}, {11, 2}]  # of 14: as strings they would be in another order
TEST_LABELS = [{10}, {12, 2}, {3}]
WORDS = ["wald", "baum", "meer", "fisch", "berg"]


def numbered_folder(folder, layout):
    """A data set of texts whose labels are numbers, as the repository or PECOS publishes it."""
    folder.mkdir()
    for part, sets in (("trn", LABELS), ("tst", TEST_LABELS)):
        if layout == "raw":
            rows = [{"uid": str(i), "title": WORDS[i], "target_ind": sorted(s)} for i, s in enumerate(sets)]
            (folder / f"{part}.json").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
            continue
        texts = "".join(f"{WORDS[i]}\n" for i in range(len(sets)))
        if layout == "pecos":
            (folder / f"X.{part}.txt").write_text(texts)
            matrix = scipy.sparse.lil_matrix((len(sets), 14), dtype=np.float32)
            for row, labels in enumerate(sets):
                matrix[row, sorted(labels)] = 1
            scipy.sparse.save_npz(folder / f"Y.{part}.npz", matrix.tocsr())
        else:
            (folder / f"{part}_X.txt").write_text(texts)
            rows = [" ".join(f"{label}:1" for label in sorted(labels)) for labels in sets]
            (folder / f"{part}_X_Y.txt").write_text("\n".join([f"{len(sets)} 14", *rows, ""]))
    names = [{"uid": f"L{i}", "title": f"Title {i}"} for i in range(14)]
    (folder / "lbl.json").write_text("".join(f"{json.dumps(name)}\n" for name in names))
    return folder


@pytest.mark.parametrize("layout", ["raw", "lines", "pecos"])
def test_labels_that_are_numbers_stay_their_ids(tmp_path, layout):
    folder = numbered_folder(tmp_path / layout, layout)
    text = "title" if layout == "raw" else "text"
    done("convert", folder, tmp_path / "train", "--text", text, "--min-df", "1")
    done("convert", folder, tmp_path / "test", "--like", tmp_path / "train")
    for name, sets in (("train", LABELS), ("test", TEST_LABELS)):
        made = Dataset.open(tmp_path / name)
        rows = np.split(made.labels.indices, made.labels.indptr[1:-1])
        assert [set(row.tolist()) for row in rows] == sets
        assert made.label_names == [f"Title {i}" for i in range(14)]
        assert made.label_uris == [f"L{i}" for i in range(14)]
        assert made.label_counts.tolist() == [sum(i in labels for labels in sets) for i in range(14)]
    # Others' predictions go by the repository's numbers: label 10 of row 0, 12 of row 1, 0 of row 2.
    (tmp_path / "theirs.txt").write_text("3 14\n10:1\n12:1\n0:1\n")
    (tmp_path / "pairs.txt").write_text("1 12\n\n2 5\n\n")
    for truth in (folder, tmp_path / "test"):
        args = ("evaluate", tmp_path / "theirs.txt", truth, "--train", tmp_path / "train", "-k", "1")
        assert ["P", "66.67"] in [line.split() for line in done(*args).out.splitlines()]
        filtered = done(*args, "--filter", tmp_path / "pairs.txt").out
        assert "filtered: 1 pair of the truth, 1 of the predictions" in filtered
        assert ["P", "33.33"] in [line.split() for line in filtered.splitlines()]


def test_labels_beyond_the_numbers_of_training_keep_theirs(tmp_path):
    folder = numbered_folder(tmp_path / "raw", "raw")
    (folder / "lbl.json").unlink()
    done("convert", folder, tmp_path / "train", "--text", "title", "--min-df", "1")
    done("convert", folder, tmp_path / "test", "--like", tmp_path / "train")
    train, test = (Dataset.open(tmp_path / name) for name in ("train", "test"))
    assert (train.n_labels, test.n_labels) == (12, 13)
    assert sorted(test.labels.indices.tolist()) == [2, 3, 10, 12]


def test_labels_of_the_repository_must_be_numbers(tmp_path):
    folder = numbered_folder(tmp_path / "raw", "raw")
    (folder / "trn.json").write_text('{"uid": "1", "title": "wald", "target_ind": ["03"]}\n')
    said = refusal("convert", folder, tmp_path / "train", "--text", "title")
    assert said.endswith("field 'target_ind': label '03'; expected a whole number from 0 to 2147483646")


def test_names_of_another_number_of_labels_are_refusal(tmp_path):
    folder = numbered_folder(tmp_path / "lines", "lines")
    (folder / "lbl.json").unlink()
    (folder / "Yf.txt").write_text("".join(f"name {i}\n" for i in range(15)))
    said = refusal("convert", folder, tmp_path / "train", "--text", "text")
    assert said.endswith("Yf.txt: 15 lines; expected one for each of 14 labels")
