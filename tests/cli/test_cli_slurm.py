"""A real Slurm of two nodes on this machine: arrays, whatever happens to their tasks."""

import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from helpers import waiting
from helpers.command_line import output
from helpers.small_data import files_of

from pwdismec.errors import ModelError
from pwdismec.training.status import status_of

pytestmark = pytest.mark.slow

SCRIPTS = Path(__file__).resolve().parents[3] / "shared" / "slurm"


def unavailable(why):
    """Skip the tests, or let them fail where .ci/run has found that Slurm can be started."""
    (pytest.fail if os.environ.get("PWDISMEC_REQUIRE_SLURM") else pytest.skip)(why)


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    """A folder with slurmctld, and slurmd of the nodes n1 and n2; commands find it by SLURM_CONF."""
    if not (SCRIPTS / "start.sh").exists():
        unavailable(f"no {SCRIPTS}/start.sh, which starts Slurm")
    if os.geteuid() != 0:
        unavailable("Slurm is started as root")
    folder = tmp_path_factory.mktemp("slurm")
    with (folder / "start.log").open("w+") as log:
        started = subprocess.run(["bash", SCRIPTS / "start.sh", folder], stdout=log, stderr=log)
        log.seek(0)
        told = log.read()
    try:
        if started.returncode:
            unavailable(f"Slurm cannot be started: {told}")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SLURM_CONF", told.split()[-1])
            patch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
            with Path(told.split()[-1]).open("a") as configuration:
                configuration.write("SlurmdTimeout=10\n")  # a node that is silent for so long is down
                configuration.write("AuthInfo=cred_expire=10\n")  # a task that is queued again waits so long
                # … and then until the queue is looked at, by default every 60 s
                configuration.write("SchedulerParameters=sched_interval=2,bf_interval=2\n")
            slurm_says("scontrol", "reconfigure")
            slurm_says("scontrol", "shutdown", "slurmctld")  # reconfigured alone, it keeps to the old wait
            wait_until(lambda: not (folder / "slurmctld.pid").exists())
            slurm_says("slurmctld")
            yield folder
    finally:
        end_slurm(folder)


def end_slurm(folder):
    """Stop it, and what is left of its jobs after a test that failed."""
    subprocess.run(["bash", SCRIPTS / "stop.sh", folder], check=True)
    for node in ("n1", "n2"):
        kill_all_on(node)


def slurm_says(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def wait_until(what):
    return waiting.wait_until(what, seconds=600, told=lambda: slurm_says("squeue", "--all"))


def running_on(array, node):
    """The array's task that runs on a node, "" if none does."""
    answer = slurm_says("squeue", "-h", "-j", array, "-t", "R", "-w", node, "-o", "%K")
    return answer.strip()


def kill_all_on(node):
    """Kill what runs on a node, as if the node had died."""
    for number in processes_of(node):
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)


def processes_of(node):
    """What runs on a node of this machine: Slurm's watchers of its jobs, and then the processes of the jobs.

    A watcher that outlives its job tells Slurm that the job has ended, which is then not queued again.
    """
    watchers, jobs = set(), set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"SLURMD_NODENAME={node}\0".encode() in (folder / "environ").read_bytes() + b"\0":
                jobs.add(int(folder.name))
                watchers.add(watcher_of(int(folder.name)))
        except OSError:  # it has ended, or is not ours to look at
            continue
    return [*(watchers - {None}), *(jobs - watchers)]


def watcher_of(pid):
    """The slurmstepd above a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    name, parent = (re.search(rf"^{field}:\s*(.+)$", status, re.M)[1] for field in ("Name", "PPid"))
    if name == "slurmstepd":
        return pid
    return watcher_of(int(parent)) if int(parent) > 1 else None


def shards_done(model):
    """How many shards of a training are done; none before it has begun its folder."""
    try:
        return status_of(model).done
    except ModelError:
        return 0


def beginnings(log):
    """How often a training has begun, by what a task wrote: each tells its memory, behind the time."""
    return log.read_text().count(" train: about ")


def test_an_array_trains_the_same_model_though_tasks_and_nodes_die(slurm, delicious, monkeypatch):
    monkeypatch.chdir(slurm)
    model = delicious.folder / "many"
    asked = ["--tasks", 8, "--time", "10m", "--sbatch=--mem=400M"]
    answer = output("slurm", "train", *asked, delicious.train, model, *delicious.options)
    array = re.fullmatch(r"Submitted batch job (\d+)\n", answer)[1]

    wait_until(lambda: shards_done(model) >= 2)
    first = wait_until(lambda: running_on(array, "n1"))
    slurm_says("scontrol", "requeue", f"{array}_{first}")  # killed, and queued again

    wait_until(lambda: shards_done(model) >= 4 and running_on(array, "n2"))
    second = running_on(array, "n2")
    os.kill(int((slurm / "slurmd.n2.pid").read_text()), signal.SIGKILL)
    kill_all_on("n2")

    wait_until(lambda: status_of(model).whole)
    wait_until(lambda: not slurm_says("squeue", "-h", "-j", array))
    assert files_of(model) == files_of(delicious.one)
    for task in (first, second):
        assert beginnings(slurm / f"slurm-{array}_{task}.out") > 1


def test_tasks_that_run_out_of_time_are_queued_again(slurm, delicious, monkeypatch):
    monkeypatch.chdir(slurm)
    model = delicious.folder / "stopped"
    answer = output("slurm", "train", "--tasks", 1, delicious.train, model, *delicious.options)
    array = answer.split()[-1]
    wait_until(lambda: shards_done(model) >= 2)
    slurm_says("scancel", "--signal=TERM", f"{array}_1")  # as two minutes before the time is over
    wait_until(lambda: status_of(model).whole)
    wait_until(lambda: not slurm_says("squeue", "-h", "-j", array))
    log = slurm / f"slurm-{array}_1.out"
    assert "stopped in time, " in log.read_text() and beginnings(log) == 2
    assert files_of(model) == files_of(delicious.one)


def test_an_array_predicts_the_same(slurm, job, monkeypatch):
    monkeypatch.chdir(slurm)
    answer = output("slurm", "predict", "--tasks", 3, "--time", "10m", job.model, job.test, "p.txt")
    array = answer.split()[-1]
    wait_until(lambda: not slurm_says("squeue", "-h", "-j", array))
    logs = [log.read_text() for log in slurm.glob(f"slurm-{array}_*.out")]
    assert (slurm / "p.txt").read_bytes() == job.predictions.read_bytes(), logs
    assert len(logs) == 3
