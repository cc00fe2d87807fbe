"""Each command on a small data set does what the library does."""

import json

import numpy as np
import pytest
import scipy.sparse as sp
from helpers.command_line import output, pwdismec, refusal
from helpers.small_data import files_of

from pwdismec import Dataset, Model, Predictor, TrainingConfig, Weighting, evaluate, train
from pwdismec.prediction.files import read_predictions


def test_convert_makes_the_data_set_and_prints_its_statistics(job, tmp_path):
    printed = output("convert", job.train_txt, tmp_path / "set", "--label-names", job.names)
    made = Dataset.open(tmp_path / "set")
    assert printed.rstrip("\n") == str(made.statistics())
    assert made.label_names == job.names.read_text().split()
    raw = job.whole.select_instances(slice(0, 150))
    lengths = np.sqrt(raw.features.to_scipy().power(2).sum(axis=1).A1)
    expected = sp.diags(1 / np.where(lengths > 0, lengths, 1)) @ raw.features.to_scipy()
    np.testing.assert_allclose(made.features.to_scipy().toarray(), expected.toarray(), atol=1e-6)
    assert (made.labels.to_scipy() != raw.labels.to_scipy()).nnz == 0


def test_convert_takes_the_training_sets_transforms(counts, tmp_path):
    files = counts.folder / "X.npz", counts.folder / "Y.npz"
    output("convert", *files, tmp_path / "test", "--like", counts.set)
    assert Dataset.open(tmp_path / "test").fingerprint == Dataset.open(counts.set).fingerprint
    answer = pwdismec("convert", *files, tmp_path / "other", "--like", counts.set, "--tfidf")
    assert answer.code == 2 and "--tfidf and --like exclude each other" in answer.err


def test_train_passes_its_options_on(job, tmp_path):
    options = {
        "--weighting": "pw-cb", "--propensity": "0.4,2.5", "--beta": 0.8, "--C": 0.5,
        "--bias": 2, "--tolerance": 0.01, "--max-epochs": 50, "--prune": 0.02, "--shard-size": 20,
        "--seed": 7,
    }  # fmt: skip
    printed = output("train", job.train, tmp_path / "a", *(x for pair in options.items() for x in pair))
    config = TrainingConfig(
        Weighting("pw-cb", 0.4, 2.5, 0.8),
        C=0.5, bias=2, tolerance=0.01, max_epochs=50, prune=0.02, shard_size=20, seed=7,
    )  # fmt: skip
    model = train(Dataset.open(job.train), tmp_path / "b", config)
    assert files_of(tmp_path / "a") == files_of(tmp_path / "b")
    lines = dict(line.split("  ", 1) for line in printed.splitlines())
    assert lines["labels trained"].strip() == str(np.count_nonzero(Dataset.open(job.train).label_counts))
    assert lines["labels without positives"].strip() == str(
        np.count_nonzero(Dataset.open(job.train).label_counts == 0)
    )
    assert lines["weights kept"].strip() == f"{model.nnz:,}"
    worst = max(np.max(shard.certificate.gap, initial=0) for shard in model.shards())
    assert float(lines["worst certified gap"]) == pytest.approx(worst, rel=0.01)
    assert lines["time"].strip().endswith("ms per label")


@pytest.mark.parametrize(("options", "prune"), [([], 0.03), (["--prune", "dismec"], 0.01)])
def test_pruning_has_a_default_and_that_of_dismec(job, tmp_path, options, prune):
    (tmp_path / "s.yaml").write_text("training: {prune: dismec}\n" if options else "training: {seed: 1}\n")
    output("train", job.train, tmp_path / "a", *options)
    output("train", job.train, tmp_path / "b", "--settings", tmp_path / "s.yaml")
    for name in ("a", "b"):
        model = Model.open(tmp_path / name)
        assert model.manifest.run.config["prune"] == prune
        assert all(np.abs(shard.weights.values).min() >= np.float32(prune) for shard in model.shards())
    answer = pwdismec("train", job.train, tmp_path / "c", "--prune", "paper")
    assert answer.code == 2 and "'paper'; expected a number or dismec" in answer.err


def test_a_preset_is_its_a_and_b(job, tmp_path):
    output("train", job.train, tmp_path / "a", "--propensity", "amazon-670k")
    output("train", job.train, tmp_path / "b", "--propensity", "0.6,2.6")
    assert files_of(tmp_path / "a") == files_of(tmp_path / "b")
    assert "--propensity: '1,2,3'; expected A,B" in refusal(
        "train", job.train, tmp_path / "c", "--propensity", "1,2,3"
    )


def test_liblinear_can_be_asked_for(job, tmp_path):
    output("train", job.train, tmp_path / "m", "--solver", "liblinear", "--tolerance", 1e-6)
    config = TrainingConfig(Weighting("pw"), solver="liblinear", tolerance=1e-6)
    expected = train(Dataset.open(job.train), tmp_path / "expected", config)
    assert files_of(tmp_path / "m") == files_of(expected.path)


def test_labels_beyond_the_tolerance_are_named(job, tmp_path):
    answer = pwdismec("train", job.train, tmp_path / "m", "--tolerance", 1e-9, "--max-epochs", 1)
    beyond = [n for shard in Model.open(tmp_path / "m").manifest.shards for n in shard.beyond_tolerance]
    assert len(beyond) > 10
    named = ", ".join(f"label-{i}" for i in beyond[:10])
    assert f"{len(beyond)} labels: {named} and {len(beyond) - 10} more, all in manifest.json" in answer.out


def test_inputs_of_every_kind_get_identical_answers(job, tmp_path):
    raw = job.whole.select_instances(slice(150, 200))
    X, Y = raw.features.to_scipy(), raw.labels.to_scipy()
    text = job.test_txt.read_text().split("\n", 1)
    (tmp_path / "t.svm").write_text(text[1])
    sp.save_npz(tmp_path / "X.npz", X)
    ones = ["50 40", *(" ".join(f"{f}:{v}" for f, v in zip(r.indices, r.data, strict=True)) for r in X)]
    (tmp_path / "tst_X_Xf.txt").write_text("\n".join(ones) + "\n")
    for source in (job.test_txt, tmp_path / "t.svm", tmp_path / "X.npz", tmp_path / "tst_X_Xf.txt"):
        output("predict", job.model, source, tmp_path / "p.txt", "--jobs", 2, "--overwrite")
        assert (tmp_path / "p.txt").read_bytes() == job.predictions.read_bytes(), source
    output("convert", job.test_txt, tmp_path / "raw", "--no-normalize")
    output("predict", job.model, tmp_path / "raw", tmp_path / "p.txt", "--overwrite")
    assert (tmp_path / "p.txt").read_bytes() == job.predictions.read_bytes()
    expected = Predictor(Model.open(job.model)).predict_dataset(Dataset.open(job.test), 5)
    np.testing.assert_array_equal(read_predictions(job.predictions).top.labels, expected.labels)
    assert Y.nnz > 0  # there were labels to ignore


@pytest.mark.parametrize("option, first_label", [("--one-based", 1), ("--one-based-features", 0)])
def test_one_based_files_are_read_as_such(job, tmp_path, option, first_label):
    raw = job.whole.select_instances(slice(150, 200))
    X, Y = raw.features.to_scipy(), raw.labels.to_scipy()
    lines = [
        ",".join(str(j + first_label) for j in y.indices)
        + " "
        + " ".join(f"{f + 1}:{v}" for f, v in zip(x.indices, x.data, strict=True))
        for x, y in zip(X, Y, strict=True)
    ]
    (tmp_path / "one.txt").write_text("\n".join([f"50 {X.shape[1]} {Y.shape[1]}", *lines]) + "\n")
    output("predict", job.model, tmp_path / "one.txt", tmp_path / "p.txt", option)
    first_is_one = option == "--one-based"
    found = read_predictions(tmp_path / "p.txt", one_based=first_is_one)
    expected = read_predictions(job.predictions)
    np.testing.assert_array_equal(found.top.labels, expected.top.labels)
    np.testing.assert_array_equal(found.top.scores, expected.top.scores)
    one = output("evaluate", tmp_path / "p.txt", tmp_path / "one.txt", option)
    assert one == output("evaluate", job.predictions, job.test)
    output("convert", tmp_path / "one.txt", tmp_path / "one", option, "--like", job.train)
    assert Dataset.open(tmp_path / "one").fingerprint == Dataset.open(job.test).fingerprint
    both = pwdismec("convert", tmp_path / "one.txt", tmp_path / "x", "--one-based", "--one-based-features")
    assert "--one-based and --one-based-features exclude each other" in both.err


def test_raw_counts_get_the_models_tfidf(counts, tmp_path):
    output("predict", counts.model, counts.folder / "X.npz", tmp_path / "a.txt")
    output("predict", counts.model, counts.set, tmp_path / "b.txt")
    assert (tmp_path / "a.txt").read_bytes() == (tmp_path / "b.txt").read_bytes()
    halves = counts.X.copy()
    halves.data[halves.indptr[7]] = 0.5
    sp.save_npz(tmp_path / "halves.npz", halves)
    message = refusal("predict", counts.model, tmp_path / "halves.npz", tmp_path / "c.txt")
    assert message.startswith(f"{tmp_path / 'halves.npz'}: instance 7 ")
    assert not (tmp_path / "c.txt").exists()


@pytest.mark.parametrize("format", ["xmc", "npz", "jsonl"])
def test_prediction_formats_hold_the_same(job, tmp_path, format):
    output("predict", job.model, job.test, tmp_path / "p", "--output-format", format, "--top-k", 7)
    top = read_predictions(tmp_path / "p").top
    assert top.labels.shape == (50, 7)
    np.testing.assert_array_equal(top.labels[:, :5], read_predictions(job.predictions).top.labels)
    if format == "jsonl":
        first = json.loads((tmp_path / "p").read_text().splitlines()[0])["labels"][0]
        assert first["label"] == f"label-{first['id']}"


def test_evaluate_prints_and_writes_what_the_library_finds(job, tmp_path):
    options = ["--train", job.train, "-k", "1,2,4", "--by-frequency", "--paper-reranking"]
    options += ["--propensity", "0.4,1.5", "--json", tmp_path / "report.json"]
    printed = output("evaluate", job.predictions, job.test, *options)
    training, test = Dataset.open(job.train), Dataset.open(job.test)
    expected = evaluate(
        read_predictions(job.predictions).top,
        test.labels,
        ks=(1, 2, 4),
        label_counts=training.label_counts,
        n_train=150,
        a=0.4,
        paper_reranking=True,
        by_frequency=True,
    )
    assert printed == expected.to_text() + "\n"
    assert json.loads((tmp_path / "report.json").read_text()) == json.loads(json.dumps(expected.to_dict()))


def test_the_truth_may_be_any_file_with_labels(job, tmp_path):
    Y = job.whole.select_instances(slice(150, 200)).labels.to_scipy()
    sp.save_npz(tmp_path / "Y.npz", Y)
    rows = [" ".join(f"{j}:1" for j in y.indices) for y in Y]
    (tmp_path / "tst_X_Y.txt").write_text("\n".join([f"50 {Y.shape[1]}", *rows]) + "\n")
    (tmp_path / "t.svm").write_text(job.test_txt.read_text().split("\n", 1)[1])
    expected = output("evaluate", job.predictions, job.test)
    for truth in (job.test_txt, tmp_path / "Y.npz", tmp_path / "tst_X_Y.txt", tmp_path / "t.svm"):
        assert output("evaluate", job.predictions, truth) == expected


@pytest.mark.parametrize("option", [["--by-frequency"], ["--paper-reranking"], ["--propensity", "tibkat"]])
def test_what_needs_the_training_set_says_so(job, option):
    answer = pwdismec("evaluate", job.predictions, job.test, *option)
    assert answer.code == 2 and f"{option[0]} requires the training set" in answer.err


def test_inspect_tells_what_each_thing_is(job, tmp_path):
    assert output("inspect", job.train).startswith(f"data set {job.train}\n")
    assert str(Dataset.open(job.train).statistics()) in output("inspect", job.train)
    of_model = output("inspect", job.model)
    assert of_model.startswith(f"model {job.model}\n") and "worst certified gap" in of_model
    gaps = np.concatenate([shard.certificate.gap for shard in Model.open(job.model).shards()])
    row = next(line for line in of_model.splitlines() if line.startswith("relative gap"))
    np.testing.assert_allclose(
        [float(x) for x in row.split()[2:]], np.quantile(gaps, [0.5, 0.9, 0.99, 1]), rtol=0.06
    )
    assert output("inspect", job.predictions).startswith(f"predictions {job.predictions}\n")


def test_a_model_goes_out_as_text_and_comes_back(job, tmp_path):
    output("export", job.model, tmp_path / "m.txt")
    n_labels = str(job.whole.n_labels)
    printed = output("import", tmp_path / "m.txt", tmp_path / "m", "--n-labels", n_labels)
    assert "not certified" in printed
    output("predict", tmp_path / "m", job.test, tmp_path / "p.txt")
    assert (tmp_path / "p.txt").read_bytes() == job.predictions.read_bytes()
    output("export", job.model, tmp_path / "m.npz")
    ids, weights, _ = Model.open(job.model).weights()
    assert (sp.load_npz(tmp_path / "m.npz").tocsr()[ids] != weights.to_scipy()).nnz == 0
