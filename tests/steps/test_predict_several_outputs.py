"""Several prediction files of one reading: each as if it were the only one."""

from types import SimpleNamespace

import pytest
from helpers.small_data import small_dataset

from pwdismec import ConfigError, Dataset, TrainingConfig, calibrate, train
from pwdismec.parallel import Backend
from pwdismec.prediction.files.prediction_job import PredictionFile
from pwdismec.steps import instances
from pwdismec.steps.predict import Output, predict_file

KINDS = {
    "scores.txt": {},
    "probabilities.csv": {"format": "csv", "probabilities": True},
    "sets.jsonl": {"format": "jsonl", "sets": "micro-f1"},
    "sure.csv": {"format": "csv", "sets": "macro-f1", "probabilities": True},
}


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    """A calibrated `model`, the data set `test`, and what each output is `alone`."""
    folder = tmp_path_factory.mktemp("job")
    whole = small_dataset(n=200)
    model = train(whole.select_instances(slice(0, 120)), folder / "model", TrainingConfig(shard_size=10))
    calibrate(model, whole.select_instances(slice(120, 170))).save(model)
    whole.select_instances(slice(150, 200)).save(folder / "test")
    alone = {}
    for name, kind in KINDS.items():
        predict_file(model.path, folder / "test", folder / name, jobs=1, **kind)
        alone[name] = (folder / name).read_bytes()
    assert len(set(alone.values())) == len(KINDS)
    return SimpleNamespace(model=model.path, test=folder / "test", alone=alone)


def predict(job, folder, **settings):
    """All outputs at once; the first is the job's own."""
    (first, kind), *others = KINDS.items()
    also = [Output(folder / name, **other) for name, other in others]
    predict_file(job.model, job.test, folder / first, **kind, also=also, jobs=1, **settings)


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_each_has_the_bytes_that_it_has_alone(job, tmp_path):
    predict(job, tmp_path)
    assert files(tmp_path) == job.alone


@pytest.mark.parametrize("appended", range(1, 12))
def test_a_resumed_job_has_the_same_bytes_wherever_it_was_killed(job, tmp_path, monkeypatch, appended):
    monkeypatch.setattr(instances, "_ROWS", 17)  # 3 chunks of 4 outputs
    append, calls = PredictionFile.append, []

    def killed(*arguments):
        calls.append(arguments)
        if len(calls) > appended:
            raise KeyboardInterrupt
        append(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(PredictionFile, "append", killed)
        with pytest.raises(KeyboardInterrupt):
            predict(job, tmp_path)
    predict(job, tmp_path, resume=True)
    assert files(tmp_path) == job.alone


def test_top_k_holds_for_all_of_them(job, tmp_path):
    predict_file(
        job.model,
        job.test,
        tmp_path / "a.jsonl",
        format="jsonl",
        top_k=1,
        also=[Output(tmp_path / "b.jsonl", "jsonl", sets="micro-f1")],
    )
    for name in ("a.jsonl", "b.jsonl"):
        assert max(line.count('"score"') for line in (tmp_path / name).read_text().splitlines()) == 1


@pytest.mark.parametrize(
    "also, settings, said",
    [
        ([Output("p.txt")], {}, "p.txt: given for two outputs; expected each file once"),
        ([Output("a.npz", "npz", sets="micro-f1")], {}, "npz has the same number of places"),
        ([Output("a.txt")], {"backend": Backend("loky", workers=1)}, "2 outputs; expected one, with the"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_there(job, tmp_path, monkeypatch, also, settings, said):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=said):
        predict_file(job.model, job.test, "p.txt", also=also, **settings)
    assert files(tmp_path) == {} and Dataset.open(job.test).n_instances == 50
