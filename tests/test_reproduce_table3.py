"""The reproduction script, run as its users run it."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers.xmc_reference import read_xmc

from pwdismec.prediction.files import read_predictions

ROOT = Path(__file__).resolve().parents[1]


def reproduce(folder, *arguments):
    command = [sys.executable, ROOT / "scripts" / "reproduce_table3.py", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def test_the_table_of_bibtex(real_data, tmp_path):
    arguments = [
        ROOT / "configs" / "bibtex.yaml",
        "--data",
        f"bibtex={real_data / 'bibtex'}",
        "--json",
        "t.json",
    ]
    plain = reproduce(tmp_path, *arguments)
    assert plain.returncode == 0, plain.stderr
    assert "| bibtex | PW-cb |" in plain.stdout
    figures = json.loads((tmp_path / "t.json").read_text())
    rows = figures["measured"]["bibtex"]
    _, truth = read_xmc(real_data / "bibtex" / "bibtex_test.txt.xz")
    for method, name, known in (("DiSMEC", "vanilla", 63.7), ("PW-cb", "pw-cb", 65.3)):
        top = read_predictions(tmp_path / "runs" / "bibtex" / f"predictions-{name}.txt").top
        for k in (1, 3, 5):
            hits = np.take_along_axis(truth.toarray(), top.labels[:, :k], 1)
            assert rows[method][f"P@{k}"] == pytest.approx(100 * hits.mean())
        assert rows[method]["P@1"] == pytest.approx(known, abs=0.15)  # of 2,515 instances, three
    gains = [100 * (rows["PW-cb"][f"P@{k}"] / rows["DiSMEC"][f"P@{k}"] - 1) for k in (1, 3, 5)]
    assert figures["mean_relative_gains"]["PW-cb"]["P"] == pytest.approx(sum(gains) / 3)

    reranked = reproduce(tmp_path, *arguments, "--paper-reranking")
    assert "the paper's reordering" in reranked.stdout
    theirs = json.loads((tmp_path / "t.json").read_text())["measured"]["bibtex"]
    for method in rows:
        assert theirs[method]["P@1"] == rows[method]["P@1"]
        assert theirs[method]["PSP@5"] == pytest.approx(rows[method]["PSP@5"])
        assert theirs[method]["PSP@1"] != rows[method]["PSP@1"]


def test_a_config_without_the_three_methods_is_named(tmp_path):
    (tmp_path / "c.yaml").write_text("name: c\ndata: .\ntrain: a\ntest: b\nweightings: [pw]\n")
    run = reproduce(tmp_path, "c.yaml")
    assert run.returncode == 2
    assert (
        run.stderr
        == "reproduce_table3: error: c.yaml: weightings: pw-cb, vanilla missing; the table needs them\n"
    )
