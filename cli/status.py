"""pwdismec status."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from pwdismec.model.shard_plan import ranges_text
from pwdismec.plain_text import duration_text
from pwdismec.quoting import shown_name
from pwdismec.training.status import Status, Worker, status_of

from . import options
from .command import INPUT, STDOUT
from .command import command as subcommand
from .streams import json_output, print_json, print_result, print_text

_SECONDS_BETWEEN_LOOKS = 5.0


@subcommand("status", "pwdismec status model --watch")
@click.argument("model", type=INPUT)
@click.option("--watch", is_flag=True, help="Look again every 5 s, until the model is complete.")
@options.json_file
@options.overwrite
def command(model: Path, watch: bool, json_file: Path | None, overwrite: bool) -> None:
    """Show training progress: shards done, running, failed and missing, and the time left."""
    if not watch:
        json_file = json_output(json_file, [model], overwrite=overwrite)
        status = status_of(model)
        print_result(_text(status), asdict(status), json_file, overwrite=overwrite)
        return
    if json_file not in (None, STDOUT):
        raise click.UsageError("--json FILE and --watch exclude each other")
    while True:
        status = status_of(model)
        if sys.stdout.isatty():
            click.clear()
        if json_file is None:
            print_text(_text(status))
        else:
            print_json(asdict(status))
        if status.whole:
            return
        time.sleep(_SECONDS_BETWEEN_LOOKS)


def _text(status: Status) -> str:
    shards = f"{status.shards:,} shard{'s' * (status.shards != 1)}"
    if status.whole:
        return f"{shown_name(status.model)}: complete, {shards}"
    counts = {name: len(getattr(status, name)) for name in ("running", "lost", "failed", "missing")}
    some = "".join(f", {count:,} {name}" for name, count in counts.items() if count)
    lines = [f"{shown_name(status.model)}: {status.done:,} of {shards} done{some}"]
    for name in ("running", "lost", "failed"):
        workers: Sequence[Worker] = getattr(status, name)
        lines += [f"{name:<8}  {shown_name(worker.shard)}  {_told(name, worker)}" for worker in workers]
    if status.missing:
        lines.append(f"missing   {ranges_text(status.missing)}")
    if not status.running:
        lines.append("nothing is running; resume with `pwdismec train … --resume`")
    elif status.shards_per_hour and status.seconds_left:
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
