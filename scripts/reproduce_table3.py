"""Table 3 of Qaraei et al. (WWW 2021) for any data sets: DiSMEC, PW and PW-cb side by side.

    python scripts/reproduce_table3.py configs/bibtex.yaml configs/delicious.yaml
    python scripts/reproduce_table3.py configs/tibkat.yaml --data tibkat=FOLDER

Each config's experiment is run as `pwdismec run` does it (what is done is skipped). The table is printed as
Markdown: PSP, PSnDCG, P and nDCG at 1, 3 and 5, the rows published for the paper's own data sets beside
them, and the mean relative gains over DiSMEC (Eq. 30).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from pwdismec import PwdismecError
from pwdismec.cli.messages import say, watch
from pwdismec.experiment.experiment import run_experiment
from pwdismec.experiment.experiment_file import read_config
from pwdismec.metrics import mean_relative_gain
from pwdismec.steps.evaluate import evaluate_file

METRICS = ("PSP", "PSnDCG", "P", "nDCG")
KS = (1, 3, 5)
COLUMNS = [f"{metric}@{k}" for metric in METRICS for k in KS]
METHODS = {"vanilla": "DiSMEC", "pw": "PW", "pw-cb": "PW-cb"}
PUBLISHED = json.loads(Path(__file__).with_name("published_table3.json").read_text())

Rows = dict[str, dict[str, Any]]


def measured(config: Path, data: str | None, out: Path, jobs: int, paper_reranking: bool) -> Rows:
    """The rows of one data set: method → metric → percent."""
    settings = read_config(config)
    if missing := set(METHODS) - set(settings.weightings):
        raise PwdismecError(
            f"{config}: weightings: {', '.join(sorted(missing))} missing; the table needs them"
        )
    folder = out / settings.name
    run_experiment(config, data=data, out=folder, jobs=jobs, say=say, watch=watch)
    rows: Rows = {}
    for weighting, method in METHODS.items():
        report = evaluate_file(
            folder / f"predictions-{weighting}.txt",
            folder / "test",
            train=folder / "train",
            ks=KS,
            paper_reranking=paper_reranking,
            a=settings.propensity.a,
            b=settings.propensity.b,
        )
        rows[method] = {column: report.percent[column] for column in COLUMNS}
    return rows


def published(name: str) -> Rows:
    """The rows published for a data set; a figure that is not printed there is None."""
    found = PUBLISHED["rows"].get(name, {})
    return {method: dict(zip(PUBLISHED["columns"], row, strict=True)) for method, row in found.items()}


def gains(tables: dict[str, Rows]) -> dict[str, dict[str, float]]:
    """Each method's mean relative gain over DiSMEC, over all data sets and k's, by metric."""
    return {
        method: {
            metric: mean_relative_gain(
                [rows[method][f"{metric}@{k}"] for rows in tables.values() for k in KS],
                [rows["DiSMEC"][f"{metric}@{k}"] for rows in tables.values() for k in KS],
            )
            for metric in METRICS
        }
        for method in METHODS.values()
        if method != "DiSMEC"
    }


def markdown(tables: dict[str, Rows], paper_reranking: bool) -> str:
    """The table, its gains, and which ranking the propensity-scored metrics are of."""
    lines = [f"| data set | method | {' | '.join(COLUMNS)} |", "|---" * (len(COLUMNS) + 2) + "|"]
    for name, rows in tables.items():
        for method, row in (rows | published(name)).items():
            cells = ["" if (value := row[column]) is None else f"{value:.2f}" for column in COLUMNS]
            lines.append(f"| {name} | {method} | {' | '.join(cells)} |")
    ranking = (
        "the paper's reordering of the best five by 1/p (`--paper-reranking`)"
        if paper_reranking
        else "the ranking predicted, as in P and nDCG"
    )
    lines += ["", f"PSP and PSnDCG are of {ranking}.", "", "Mean relative gain over DiSMEC, % (Eq. 30):", ""]
    lines += [f"| method | {' | '.join(METRICS)} |", "|---" * (len(METRICS) + 1) + "|"]
    for method, gain in gains(tables).items():
        lines.append(f"| {method} | {' | '.join(f'{gain[metric]:+.2f}' for metric in METRICS)} |")
    if any(published(name) for name in tables):
        lines += ["", f"Published: {PUBLISHED['source']}"]
    return "\n".join(lines)


@click.command(help=__doc__)
@click.argument("configs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--data", multiple=True, metavar="NAME=FOLDER", help="Where the files of the data set NAME are."
)
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs"), show_default=True)
@click.option("--jobs", default=-1, show_default=True, help="Threads; -1 for every core.")
@click.option("--paper-reranking", is_flag=True, help="Reorder the best five as the paper's evaluation does.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures there as well.")
def main(
    configs: tuple[Path, ...],
    data: tuple[str, ...],
    out: Path,
    jobs: int,
    paper_reranking: bool,
    json_file: Path | None,
) -> None:
    try:
        folders = dict(item.split("=", 1) for item in data)
    except ValueError:
        raise click.UsageError(f"--data {' '.join(data)}: expected NAME=FOLDER") from None
    tables: dict[str, Rows] = {}
    try:
        for config in configs:
            name = read_config(config).name
            tables[name] = measured(config, folders.get(name), out, jobs, paper_reranking)
    except PwdismecError as error:
        click.echo(f"reproduce_table3: error: {error}", err=True)
        raise SystemExit(2) from None
    print(markdown(tables, paper_reranking))
    if json_file is not None:
        content = {
            "paper_reranking": paper_reranking,
            "measured": tables,
            "mean_relative_gains": gains(tables),
            "published": {name: published(name) for name in tables},
        }
        json_file.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
