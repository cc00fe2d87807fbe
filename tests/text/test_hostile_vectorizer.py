"""Vectorisers as a stranger could make them: each ends in one error that names the file, or does no harm."""

import hashlib
import json

import numpy as np
import pytest
from helpers.hostile import (
    NAMES,
    array_changes,
    file_changes,
    json_changes,
    json_with,
    read_safetensors,
    safetensors_header_changes,
    with_tensor,
)

from pwdismec.errors import DamagedError, DataError
from pwdismec.text import TextSettings, TextVectorizer
from pwdismec.text.vectorizer import HEAD, LABELS, TERMS


def saved(folder, hashing=None):
    """A vectoriser of two fields, in a folder."""
    settings = TextSettings.of("t:2,u", min_df=1, hashing=hashing, label_field="l")
    terms = None if hashing else ["t:blau", "t:rot", "u:grün"]
    n_features = 2**hashing if hashing else 3
    made = TextVectorizer.of(settings, terms, np.full(n_features, 1), 2, ["a", "b"])
    made.save(folder)
    return made


def rehashed(folder):
    """Make the checksums right again."""
    head = json.loads((folder / HEAD).read_text())
    for name in head["sha256"]:
        head["sha256"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    (folder / HEAD).write_text(json.dumps(head))


def is_refused(folder):
    """Whether loading it ends in an error; if not, it works."""
    try:
        vectorizer = TextVectorizer.load(folder)
    except DamagedError as error:
        assert str(error).startswith(str(folder)) and "\n" not in str(error)
        return True
    records = [dict.fromkeys((field.name for field in vectorizer.fields), text) for text in ("rot grün", "")]
    assert np.isfinite(vectorizer.transform(records).values).all()
    vectorizer.names_in(records[0])
    return False


# What may stand in a field besides what did: whatever the text is, or nothing, where that is allowed.
ALLOWED = {"written_by text", "written_by empty", "settings.min_df missing", "settings.hashing missing"}
ALLOWED |= {f"settings.{name} {what}" for name in ("words", "chars") for what in ("missing", "null")}
ALLOWED |= {"settings.label_field missing", "settings.label_field null", "settings.label_field text"}
ALLOWED |= {"settings.label_separator missing", "settings.label_separator text", "settings.hashing null"}
ALLOWED |= {f"settings.id_field {what}" for what in ("missing", "null", "text", "empty")}
ALLOWED |= {"settings.columns missing", "settings.columns null"}
ALLOWED |= {"settings.label_field empty", "settings.fields.0.name text", "settings.fields.0.weight missing"}
ALLOWED |= {"settings.fields.0.weight fraction", "settings.fields.0.weight huge", "settings.fields.0 missing"}
ALLOWED |= {"settings.min_df huge", "version true", "settings.label_numbers missing"}


@pytest.mark.parametrize("hashing", [None, 2])
def test_any_field_changed_is_refused(tmp_path, hashing):
    saved(tmp_path / "v", hashing)
    head = json.loads((tmp_path / "v" / HEAD).read_text())
    unnoticed = set()
    for what, text in json_changes(head):
        (tmp_path / "v" / HEAD).write_text(text)
        unnoticed |= set() if is_refused(tmp_path / "v") else {what}
    assert unnoticed - ALLOWED == set()


@pytest.mark.parametrize("hashing", [None, 2])
@pytest.mark.parametrize("name", ["idf", "terms", "ends"])
def test_any_array_changed_is_refused(tmp_path, hashing, name):
    saved(tmp_path / "v", hashing)
    path = tmp_path / "v" / TERMS
    whole = path.read_bytes()
    if name not in read_safetensors(path)[0]:
        return
    for what, array in array_changes(read_safetensors(path)[0][name]).items():
        path.write_bytes(whole)
        with_tensor(path, name, array)
        rehashed(tmp_path / "v")
        # a byte of a term may be any that leaves it text
        assert is_refused(tmp_path / "v") or (name == "terms" and what.startswith("least")), what


@pytest.mark.parametrize("hashing", [None, 2])
def test_a_file_of_terms_with_another_header_is_refused(tmp_path, hashing):
    saved(tmp_path / "v", hashing)
    path = tmp_path / "v" / TERMS
    for what, content in safetensors_header_changes(path):
        path.write_bytes(content)
        rehashed(tmp_path / "v")
        assert is_refused(tmp_path / "v") or what == "no metadata", what


@pytest.mark.parametrize("change", file_changes)
@pytest.mark.parametrize("name", [HEAD, TERMS, LABELS])
def test_what_is_no_file_of_a_vectoriser_is_refused(tmp_path, name, change):
    saved(tmp_path / "v")
    file_changes[change](tmp_path / "v" / name)
    with pytest.raises(DataError):
        TextVectorizer.load(tmp_path / "v")


@pytest.mark.parametrize("name", NAMES)
def test_names_of_other_files_are_refused(tmp_path, name):
    saved(tmp_path / "v")
    path = tmp_path / "v" / HEAD
    head = json.loads(path.read_text())
    digests = {**head["sha256"], name: head["sha256"][TERMS]}
    path.write_text(json_with(head, ("sha256",), json.dumps(digests)))
    assert is_refused(tmp_path / "v")


def test_terms_that_are_not_what_they_should_be(tmp_path):
    saved(tmp_path / "v")
    path = tmp_path / "v" / TERMS
    whole = path.read_bytes()
    twice = np.frombuffer(b"t:rott:rotu:grun", np.uint8)
    for name, array, others, message in (
        ("ends", [5, 4, 16], {}, "ends: "),
        ("ends", [-1, 11, 17], {}, "ends: "),
        ("ends", [5, 10, 2**62], {}, "ends: "),
        ("terms", twice, {"ends": [5, 10, 16]}, "terms: a term is there twice"),
        ("terms", np.full(17, 255, np.uint8), {}, "terms: not UTF-8"),
        ("idf", [1, 0, 1], {}, "idf: "),
        ("idf", [1, 1e40, 1], {}, "idf: "),
    ):
        path.write_bytes(whole)
        tensors = read_safetensors(path)[0]
        for each, changed in ({name: array} | others).items():
            with_tensor(path, each, np.asarray(changed, tensors[each].dtype))
        rehashed(tmp_path / "v")
        with pytest.raises(DamagedError, match=rf"terms\.safetensors: {message}.*convert its texts again"):
            TextVectorizer.load(tmp_path / "v")


@pytest.mark.parametrize("content", ["a\na\n", "a\n", "a\nb\nc\n"])
def test_labels_that_are_not_those_of_the_head(tmp_path, content):
    saved(tmp_path / "v")
    (tmp_path / "v" / LABELS).write_text(content)
    rehashed(tmp_path / "v")
    with pytest.raises(DamagedError, match=r"labels\.txt: "):
        TextVectorizer.load(tmp_path / "v")


def test_one_of_another_number_of_features_than_the_model(tmp_path):
    saved(tmp_path / "v")
    TextVectorizer.load(tmp_path / "v", 3)
    with pytest.raises(DamagedError, match=r"vectorizer\.json: n_features: 3; expected 4"):
        TextVectorizer.load(tmp_path / "v", 4)
