"""What failing nodes cost, against the size of shards: tables of Markdown and a plot, for docs/scaling.md.

    python benchmarks/simulate_cluster.py [--plot docs/simulated_failures.png] [--seeds 3]

The scheduler is simulated (simulation.py) with the times of the plan (plan.py). Each node fails, or is taken
away, once an hour, a day or thirty days in the mean. About two minutes.
"""

from __future__ import annotations

from pathlib import Path
from statistics import fmean
from typing import NamedTuple

import click
import measured
from plan import AMAZON_3M, HUNDRED_M, Job, Plan
from plan_cluster import figures
from simulation import Cluster, simulate

SHARD_SIZES = (100, 300, 1_000, 3_000, 10_000, 30_000, 100_000)
MOST_SHARDS = 120_000  # more take too long to simulate
CASES = ((AMAZON_3M, 10), (HUNDRED_M, 100), (HUNDRED_M, 1000))
FAILURES = {"an hour": 1 / 24, "a day": 1, "30 days": 30}  # days between those of a node


class Cost(NamedTuple):
    """Of failures and of shards: shares of the time without either."""

    lost: float
    longer: float


def cost(plan: Plan, days: float, seeds: int) -> Cost:
    job, site = plan.job, plan.site
    server = measured.OPERATIONS_A_SHARD / site.operations + job.model_bytes / plan.shards / site.server
    cluster = Cluster(
        nodes=plan.nodes,
        slots=plan.slots,
        failure_rate=1 / (86400 * days),
        restart=site.restart,
        preparation=job.data_bytes / site.network,
        expiry=site.expiry,
        server=server,
    )
    runs = [simulate(cluster, plan.shards, plan.shard_seconds, seed) for seed in range(seeds)]
    longer = fmean(run.makespan for run in runs) / plan.training - 1
    return Cost(fmean(run.lost_share for run in runs), longer)


def table(job: Job, nodes: int, costs: dict[tuple[int, str], Cost]) -> str:
    lines = [
        f"{job.name} on {nodes:,} nodes:\n",
        "| labels a shard | " + " | ".join(f"{size:,}" for size in SHARD_SIZES) + " |",
        "|---" * (1 + len(SHARD_SIZES)) + "|",
    ]
    for often in FAILURES:
        for name in Cost._fields:
            found = [costs.get((size, often)) for size in SHARD_SIZES]
            cells = ["–" if cost is None else f"{figures(100 * getattr(cost, name))} %" for cost in found]
            lines.append(f"| {name}, a failure in {often} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def plot(path: Path, costs: dict[tuple[Job, int], dict[tuple[int, str], Cost]]) -> None:
    """Lost and longer, against the shard's size, a panel a case."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    colours = ("#D55E00", "#009E73", "#0072B2")  # Okabe and Ito's, told apart by all
    shape = {"figsize": (12, 4.2), "sharex": True, "sharey": True, "layout": "constrained"}
    figure, panels = pyplot.subplots(1, len(costs), **shape)
    for panel, ((job, nodes), found) in zip(panels, costs.items(), strict=True):
        for often, colour in zip(FAILURES, colours, strict=True):
            sizes = [size for size in SHARD_SIZES if (size, often) in found]
            for name, style in (("longer", "-o"), ("lost", "--s")):
                shares = [100 * getattr(found[size, often], name) for size in sizes]
                panel.plot(sizes, shares, style, color=colour, label=f"{name}, a failure in {often}")
        panel.axvline(1000, color="0.7", zorder=0)
        panel.text(1000, 0.97, " default", color="0.4", va="top", transform=panel.get_xaxis_transform())
        panel.set(title=f"{job.name}, {nodes:,} nodes", xscale="log", yscale="log", xlabel="labels a shard")
        panel.grid(alpha=0.3)
    panels[0].set_ylabel("%")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    figure.savefig(path, dpi=130)


@click.command()
@click.option("--plot", "picture", type=click.Path(path_type=Path), help="Draw it into this PNG.")
@click.option("--seeds", default=3, show_default=True, help="Simulations of each cell.")
def main(picture: Path | None, seeds: int) -> None:
    costs = {}
    for job, nodes in CASES:
        plans = [Plan(job, nodes, size) for size in SHARD_SIZES]
        costs[job, nodes] = {
            (plan.shard_size, often): cost(plan, days, seeds)
            for plan in plans
            for often, days in FAILURES.items()
            if plan.shards <= MOST_SHARDS
        }
        click.echo(f"{table(job, nodes, costs[job, nodes])}\n")
    if picture is not None:
        plot(picture, costs)


if __name__ == "__main__":
    main()
