"""Where the system refuses threads, a command goes on with fewer or ends in one line with 74."""

import os
import resource
import shutil
import subprocess
import sys

import pytest
from helpers.command_line import DISK, complaint, start, told

REFUSING = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

// So many threads of a process start; all others are refused, as by ulimit -u.
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*begin)(void *),
                   void *argument) {
    static int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    static int left;
    if (!real) {
        real = dlsym(RTLD_NEXT, "pthread_create");
        left = atoi(getenv("THREADS_LEFT"));
    }
    if (left <= 0) return EAGAIN;
    --left;
    return real(thread, attributes, begin, argument);
}
"""


@pytest.fixture(scope="module")
def refusing(tmp_path_factory):
    """The environment of a command that may start so many threads."""
    compiler = shutil.which("cc")
    if sys.platform != "linux" or compiler is None:
        pytest.skip("needs Linux and a C compiler")
    folder = tmp_path_factory.mktemp("refusing")
    (folder / "refusing.c").write_text(REFUSING)
    library = folder / "refusing.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, folder / "refusing.c", "-ldl"], check=True)
    return lambda left: os.environ | {"LD_PRELOAD": str(library), "THREADS_LEFT": str(left)}


def end_of(process):
    try:
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    return process.returncode, out, err


COMMANDS = {
    "train": ("{train}", "{out}", "--jobs", 4),
    "predict": ("{model}", "{test}", "{out}", "--jobs", 4),
    "convert": ("{train_txt}", "{out}", "--jobs", 4),
    "tune": ("{train}", "{out}", "--weighting", "pw", "--C", 1),
    "train --backend loky": ("{train}", "{out}", "--workers", 2),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("left", [0, 1, 2])
def test_a_command_ends_well_or_in_one_line(job, tmp_path, refusing, command, left):
    shutil.copytree(job.model, tmp_path / "model", ignore=shutil.ignore_patterns("index*"))
    paths = vars(job) | {"model": tmp_path / "model", "out": tmp_path / "out"}
    words = [str(word).format(**paths) for word in (*command.split(), *COMMANDS[command])]
    code, out, err = end_of(start(*words, env=refusing(left)))
    if code:
        assert (code, out) == (DISK, ""), err
        lines = complaint(err).splitlines()
        assert len(lines) == 1 and lines[0].startswith("pwdismec: error: the system refuses another thread: ")
    else:
        assert left and complaint(err) == ""


def test_fewer_threads_give_the_same_predictions_and_are_told(job, tmp_path, refusing):
    arguments = ("predict", job.model, job.test, tmp_path / "p.txt", "--jobs", 4)
    code, _, err = end_of(start(*arguments, env=refusing(1)))
    assert code == 0, err
    assert "the system refuses another thread: going on with 1 instead of 4" in told(err)
    assert (tmp_path / "p.txt").read_bytes() == job.predictions.read_bytes()


def test_an_address_space_with_no_room_for_threads_is_not_taken_for_ctrl_c(job, tmp_path):
    for megabytes in (300, 400, 600):
        limit = megabytes * 10**6

        def narrow(limit=limit):
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

        process = start("train", job.train, tmp_path / f"{megabytes}", "--jobs", 4, preexec_fn=narrow)
        code, _, err = end_of(process)
        assert code in (0, 2, DISK) and "interrupted" not in err and "Traceback" not in err, (megabytes, err)
        assert code == 0 or len(complaint(err).splitlines()) == 1, err
        assert told(err) or code
