"""Every command where the names of files and folders are not UTF-8: done as ever, or refused at once."""

import os

import pytest
from helpers.command_line import output, refusal

ODD = os.fsdecode(b"d\xe9\xff")  # ISO 8859-1, and a byte that is in no text of Unicode

RECORDS = "".join(
    f'{{"text": "{text} {i}", "labels": {labels}}}\n'
    for i in range(8)
    for text, labels in (("wald baum", '["a"]'), ("fisch meer", '["b"]'), ("wald meer", '["a", "b"]'))
)
YAML = """
name: x
data: .
train: train.jsonl
test: train.jsonl
texts: {fields: text, labels: labels}
weightings: [pw]
"""

# Before each path stands a @.
JOB = """
convert @train.jsonl @set --text text --label-field labels
convert @train.jsonl @test --like @set
convert @set.parquet @columns --text text --label-field labels
convert @rows.txt @rows
inspect @set
train @set @model --log @log.txt
train @set @model --resume --log @log.json --log-json
train @set @workers --backend loky --jobs 1
train @set @held --calibrate 0.3
status @model
calibrate @model @test
tune @set @tuned --weighting pw --C 1 --prune 0.03
train @set @best --settings @tuned/best.yaml
predict @model @test @p.txt
predict @model @train.jsonl @p.jsonl
predict @model @test @p.npz
predict @model @test @parts.txt --part 1/2
predict @model @test @parts.txt --part 2/2
evaluate @p.txt @test --train @set --json @report.json
evaluate @p.txt @train.jsonl --train @set
evaluate @p.npz @test --train @set --backend loky
suggest @model wald
suggest @model wald --train @set --neighbours 2
prune @model @small --threshold 0.1 --refit --train @set
slice @model @a --labels @a.txt
slice @model @b --labels @b.txt
merge @a @b @both
export @model @model.txt
export @model @model.npz
import @model.txt @again
inspect @again
run @x/x.yaml --out @run
run @x/x.yaml --out @run
""".strip().splitlines()


RESULTS = {"p.txt", "p.jsonl", "p.npz", "parts.txt", "model.txt", "model.npz"}


def do_job(folder, name):
    """Do the job in a folder, where the names of all that is read and written begin with `name`."""
    parquet = pytest.importorskip("pyarrow.parquet")
    from pyarrow import table

    (folder / f"{name}x").mkdir(parents=True)
    files = {"train.jsonl": RECORDS, "rows.txt": "3 2 2\n0 0:1\n1 1:1\n0,1 0:1 1:1\n", "a.txt": "0\n"}
    files |= {"b.txt": "1\n"}
    for file, content in files.items():
        (folder / f"{name}{file}").write_text(content)
    (folder / f"{name}x" / "x.yaml").write_text(YAML)
    (folder / f"{name}x" / "train.jsonl").write_text(RECORDS)
    with (folder / f"{name}set.parquet").open("wb") as file:
        rows = {"text": ["wald baum", "wald meer"] * 2, "labels": [["a"], ["b"]] * 2}
        parquet.write_table(table(rows), file)
    return [output(*line.replace("@", f"{folder}/{name}").split()) for line in JOB]


def test_every_command_does_the_same_where_no_name_is_utf_8(tmp_path):
    plain, odd = tmp_path / "plain", tmp_path / ODD
    do_job(plain, "")
    do_job(odd, ODD)
    for path in sorted(plain.rglob("*")):
        other = odd / f"{ODD}{path.relative_to(plain)}"
        assert other.exists(), path
        if path.suffix == ".npy" or path.name in RESULTS:
            assert other.read_bytes() == path.read_bytes(), path


def test_an_experiment_with_such_names_is_done_once(tmp_path):
    folder = tmp_path / ODD
    folder.mkdir()
    (folder / "x.yaml").write_text(YAML)
    (folder / "train.jsonl").write_text(RECORDS)
    output("run", folder / "x.yaml", "--out", tmp_path / "run")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*.npy")}
    output("run", folder / "x.yaml", "--out", tmp_path / "run")
    assert before and before == {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*.npy")}


def test_a_file_of_weights_whose_name_no_model_can_keep_is_refused_at_once(job, tmp_path):
    expected = "expected a PATH that is UTF-8, as the model keeps it"
    for command in ("train", "tune"):
        message = refusal(command, job.train, tmp_path / "m", "--weighting", f"file:{tmp_path / ODD}")
        assert message == f"weighting: 'file:{tmp_path}/d\\udce9\\udcff'; {expected}"
    assert list(tmp_path.iterdir()) == []


def test_best_settings_that_could_not_name_their_weights_are_refused_at_once(job, tmp_path, monkeypatch):
    folder = tmp_path / ODD
    folder.mkdir()
    (folder / "weights.txt").write_text("1\n" * job.whole.n_labels)
    monkeypatch.chdir(folder)
    message = refusal("tune", job.train, tmp_path / "tuned", "--weighting", "file:weights.txt")
    assert "weights.txt'; expected a PATH that is UTF-8" in message
    assert not (tmp_path / "tuned").exists()
    output("train", job.train, tmp_path / "m", "--weighting", "file:weights.txt")
