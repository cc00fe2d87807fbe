"""The files to try the commands on: one data set in two forms."""

import numpy as np
import pytest
from helpers.command_line import output

from pwdismec import OutputError
from pwdismec.data.formats import read_source
from pwdismec.experiment.example_files import write_example_files
from pwdismec.steps.convert_texts import convert_texts
from pwdismec.text import TextSettings, TextVectorizer


def test_features_and_texts_are_the_same_data(tmp_path):
    files = write_example_files(tmp_path / "new" / "folder")
    assert all(path.is_file() for path in files) and len(files) == 5
    block = read_source(tmp_path / "new" / "folder" / "train.txt")
    settings = TextSettings.of("title,text", label_field="labels", min_df=1)
    names = tmp_path / "new" / "folder" / "labels.tsv"
    (made,) = convert_texts(files[1], tmp_path / "set", settings, label_names=names)
    data = made.dataset
    assert data.n_instances == 2000 and list(data.record_ids.rows(0, 2)) == ["train-1", "train-2"]
    places = [int(uri.rpartition("/")[2]) for uri in data.label_uris]
    expected = block.labels.to_scipy()[:, places]
    assert (data.labels.to_scipy() != expected).nnz == 0
    assert list(data.label_names) == [f"Topic {place}" for place in places]
    words = {term.partition(":")[2] for term in TextVectorizer.load(data.vectorizer).feature_names}
    assert words == {f"word{i}" for i in np.unique(block.features.stored().indices)}


def test_they_are_the_same_each_time_and_replace_nothing_unasked(tmp_path):
    files = write_example_files(tmp_path)
    before = [path.read_bytes() for path in files]
    with pytest.raises(OutputError):
        write_example_files(tmp_path)
    assert output("demo", "--out", tmp_path, "--overwrite").split() == [str(path) for path in files]
    assert [path.read_bytes() for path in files] == before
