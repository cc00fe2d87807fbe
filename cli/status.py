"""pwdismec status."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from pwdismec.model.missing import ranges_text
from pwdismec.quoting import json_line, shown_name
from pwdismec.sizes import duration_text
from pwdismec.training.status import Status, Worker, status_of

from . import options
from .examples import example
from .streams import print_text

_SECONDS_BETWEEN_LOOKS = 5.0


@click.command(
    "status",
    epilog=example(
        "pwdismec status model --watch",
    ),
)
@click.argument("model", type=options.INPUT)
@click.option("--json", "as_json", is_flag=True, help="As JSON, in one line.")
@click.option("--watch", is_flag=True, help="Look again every 5 s, until the model is whole.")
def command(model: Path, as_json: bool, watch: bool) -> None:
    """Say how a training stands: shards done, running (who, since when), failed (why), missing; time left."""
    while True:
        status = status_of(model)
        if watch and sys.stdout.isatty():
            click.clear()
        print_text(json_line(asdict(status)) if as_json else _text(status))
        if status.whole or not watch:
            return
        time.sleep(_SECONDS_BETWEEN_LOOKS)


def _text(status: Status) -> str:
    if status.whole:
        return f"{shown_name(status.model)}: whole, {status.shards:,} shards"
    counts = {name: len(getattr(status, name)) for name in ("running", "lost", "failed", "missing")}
    some = "".join(f", {count:,} {name}" for name, count in counts.items() if count)
    lines = [f"{shown_name(status.model)}: {status.done:,} of {status.shards:,} shards done{some}"]
    for name in ("running", "lost", "failed"):
        workers: Sequence[Worker] = getattr(status, name)
        lines += [f"{name:<8}  {shown_name(worker.shard)}  {_told(name, worker)}" for worker in workers]
    if status.missing:
        lines.append(f"missing   {ranges_text(status.missing)}")
    if status.shards_per_hour and status.seconds_left:
        rate = f"{status.shards_per_hour:,.{0 if status.shards_per_hour >= 100 else 1}f}"
        lines.append(f"rate      {rate} shards/h, {duration_text(status.seconds_left)} left")
    return "\n".join(lines)


def _told(state: str, worker: Worker) -> str:
    who = f"{shown_name(worker.host)}, process {worker.pid}"
    if state == "running":
        return f"{who}, for {duration_text(worker.seconds + worker.silent)}"
    if state == "lost":
        return f"{who}, no sign of life for {duration_text(worker.silent)}"
    return f"{who}, {duration_text(worker.silent)} ago: {shown_name(worker.why)}"
