"""The plan for very large trainings as tables of Markdown, for docs/scaling.md.

python benchmarks/plan_cluster.py
"""

from __future__ import annotations

from collections.abc import Callable

import measured
from plan import JOBS, Job, Plan, Site

NODES = (1, 10, 100, 1000)


def duration(seconds: float) -> str:
    for unit, name in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * unit:
            return f"{figures(seconds / unit)} {name}"
    return f"{figures(seconds)} s"


def size(count: float) -> str:
    for unit, name in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB")):
        if count >= unit:
            return f"{figures(count / unit)} {name}"
    return f"{figures(count / 1e3)} kB"


def figures(value: float) -> str:
    """Two of them, or all before the point."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


JOB_ROWS: dict[str, Callable[[Job], str]] = {
    "instances, features": lambda job: f"{job.instances / 1e6:.2g} M, {job.features / 1e6:.2g} M",
    "stored values": lambda job: f"{job.values / 1e6:,.0f} M",
    "data set": lambda job: size(job.data_bytes),
    "a label, one core": lambda job: f"{figures(1e3 * job.seconds_a_label)} ms",
    "core-hours": lambda job: f"{job.core_hours:,.0f}",
    "memory of a thread": lambda job: size(job.thread_bytes),
    "threads that 128 GB have room for": lambda job: str(Plan(job, 1, site=Site(cores=10**6)).threads),
    "model": lambda job: size(job.model_bytes),
    "prediction index": lambda job: size(job.index_bytes),
    "predicting an instance, one thread": lambda job: f"{figures(1e3 * job.prediction_seconds)} ms",
    "shards of 1,000 labels": lambda job: f"{Plan(job, 1).shards:,}",
    "manifest": lambda job: size(Plan(job, 1).shards * measured.BYTES_A_SHARD_ENTRY),
}

CLUSTER_ROWS: dict[str, Callable[[Plan], str]] = {
    "threads a node": lambda plan: str(plan.threads),
    "data to all nodes": lambda plan: size(plan.nodes * plan.job.data_bytes),
    "… which takes": lambda plan: duration(plan.preparation),
    "training": lambda plan: duration(plan.training),
    "metadata operations a second": lambda plan: figures(plan.operations),
    "checking it, at the end": lambda plan: duration(plan.checking),
    "building the index": lambda plan: duration(plan.indexing),
}


def main() -> None:
    print("| |", " | ".join(job.name for job in JOBS), "|")
    print("|---" * (1 + len(JOBS)) + "|")
    for name, of_job in JOB_ROWS.items():
        print(f"| {name} |", " | ".join(map(of_job, JOBS)), "|")
    for job in JOBS:
        print(f"\n{job.name}:\n\n| nodes |", " | ".join(f"{nodes:,}" for nodes in NODES), "|")
        print("|---" * (1 + len(NODES)) + "|")
        for name, of_plan in CLUSTER_ROWS.items():
            print(f"| {name} |", " | ".join(of_plan(Plan(job, nodes)) for nodes in NODES), "|")


if __name__ == "__main__":
    main()
