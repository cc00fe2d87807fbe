"""A trial: a command is disturbed, what is left is looked at, and the user's next command must mend it."""

from __future__ import annotations

import errno
import random
import re
import shlex
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import click
from torture.commands import COMMANDS, FILES, MADE, Command
from torture.preloaded import (
    FAIL_ON,
    FAIL_ONCE,
    HALVE,
    KINDS,
    SIGNAL_AFTER,
    SIGNAL_BEFORE,
    Fault,
)
from torture.running import LIMIT, Ended, Runner

from pwdismec.cli.commands import commands
from pwdismec.files import is_leftover

KILLS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)

# The codes a signal may end a command with (docs/faults.md), besides 0 where it was done.
CODES_OF = {signal.SIGKILL: {-9}, signal.SIGTERM: {143}, signal.SIGINT: {130}}

_NEED_ROOM = ("write", "mkdir", "create", "rename", "truncate", "sync", "close")
_INTERRUPTIBLE = ("open", "create", "read", "write", "sync", "rename", "close", "leave", "truncate")

DISK = 74


@dataclass(frozen=True)
class Failure:
    """A failing system call: on which calls it comes, how, and the codes the command may end with."""

    kinds: tuple[str, ...]
    how: int
    value: int
    codes: frozenset[int]


FAILURES = {
    "EIO": Failure(KINDS, FAIL_ONCE, errno.EIO, frozenset({0, DISK})),
    "EIO from then on": Failure(KINDS, FAIL_ON, errno.EIO, frozenset({0, DISK})),
    "ESTALE": Failure(KINDS, FAIL_ONCE, errno.ESTALE, frozenset({0, DISK})),
    "ENOSPC": Failure(_NEED_ROOM, FAIL_ONCE, errno.ENOSPC, frozenset({0, DISK})),
    "ENOSPC from then on": Failure(_NEED_ROOM, FAIL_ON, errno.ENOSPC, frozenset({0, DISK})),
    "EINTR": Failure(_INTERRUPTIBLE, FAIL_ONCE, errno.EINTR, frozenset({0})),
    "EINTR at close": Failure(("close",), FAIL_ONCE, errno.EINTR, frozenset({0})),
    "short write": Failure(("write",), HALVE, 0, frozenset({0})),
}

Tree = dict[str, bytes | None]


@dataclass
class Trial:
    """What was done and what was found.

    Attributes
    ----------
    command
        Its name in `COMMANDS`.
    disturbances
        What came, in words.
    problems
        What is not as it should be.
    """

    number: int
    command: str
    disturbances: list[str] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Undisturbed:
    """A command that nothing disturbed: the files before and after, and how it ended."""

    before: Tree
    after: Tree
    ended: Ended


@dataclass(frozen=True)
class Disturbance:
    """What comes over a command, at a call or (`after`) at a moment, and the codes it may then end with."""

    words: str
    codes: frozenset[int]
    fault: Fault | None = None
    after: tuple[float, int] | None = None
    alone: bool = False


def _failing(name: str, number: int) -> Disturbance:
    failure = FAILURES[name]
    fault = Fault(failure.kinds, number, failure.how, failure.value)
    return Disturbance(f"{name} at call {number}", failure.codes, fault)


class Torturer:
    """Makes trials in a folder of its own.

    Parameters
    ----------
    place
        A new folder.
    library
        failing_calls.c, compiled.
    """

    def __init__(self, place: Path, library: Path, moments: bool = True) -> None:
        self._moments = moments
        self._runner, self._pool = Runner(place, library), place / "pool"
        self._known: dict[str, Undisturbed] = {}

    def __enter__(self) -> Torturer:
        self._runner.__enter__()
        self._clear()
        for make in FILES.values():
            make(self._runner.work)
        for line in MADE:
            self._must(line)
        shutil.copytree(self._runner.work, self._pool)
        return self

    def __exit__(self, *error: object) -> None:
        self._runner.__exit__(None, None, None)

    def _must(self, line: str) -> Ended:
        ended = self._runner.run(shlex.split(line))
        assert ended.code == 0, f"{line}: {ended.code}: {ended.err}"
        return ended

    def _clear(self) -> None:
        shutil.rmtree(self._runner.work.parent, ignore_errors=True)
        self._runner.work.mkdir(parents=True)
        self._runner.temporary.mkdir()

    def _prepare(self, command: Command) -> None:
        """The folder as the command finds it."""
        self._clear()
        for name in command.needs.split():
            copy = shutil.copytree if (self._pool / name).is_dir() else shutil.copy2
            copy(self._pool / name, self._runner.work / name)
        if command.older:
            self._must(command.older)

    def undisturbed(self, name: str) -> Undisturbed:
        """What a command does if nothing disturbs it."""
        if name not in self._known:
            self._prepare(COMMANDS[name])
            before = self._tree()
            ended = self._must(COMMANDS[name].line)
            self._known[name] = Undisturbed(before, self._tree(), ended)
        return self._known[name]

    def trial(self, number: int, name: str, kind: str, rng: random.Random) -> Trial:
        """Disturb a command, by a "kill" or a "failure", perhaps again and again; go on; compare."""
        command, known, trial = COMMANDS[name], self.undisturbed(name), Trial(number, name)
        self._prepare(command)
        arguments = shlex.split(command.line)
        for _ in range(3):
            before = self._tree()
            ended = self._disturb(trial, arguments, command, known, self._drawn(known, kind, rng))
            done = ended.code == 0
            self._check(trial, command, known, before, ended)
            if ended.code == -signal.SIGKILL:  # which leaves these, as it does any program's, to the system
                for folder in self._runner.temporary.glob("pwdismec-*"):
                    shutil.rmtree(folder)
            arguments = _to_go_on(command)
            if done or trial.problems or rng.random() < 0.6:
                break
        if not trial.problems and not (done and self._tree() == known.after):
            self._go_on(trial, arguments, command, known)
        return trial

    def _drawn(self, known: Undisturbed, kind: str, rng: random.Random) -> Disturbance:
        if kind == "kill":
            number = rng.choice(KILLS)
            codes = frozenset(CODES_OF[number] | {0})
            way = rng.choice(["call"] * 4 + ["moment"] * 2 + ["moment alone"]) if self._moments else "call"
            if way == "call":
                how = rng.choice([SIGNAL_BEFORE, SIGNAL_AFTER])
                fault = Fault(KINDS, rng.randrange(known.ended.report.count), how, number)
                words = f"{number.name} {'before' if how == SIGNAL_BEFORE else 'after'} call {fault.number}"
                return Disturbance(words, codes, fault)
            alone = way == "moment alone"
            after = (rng.uniform(0, known.ended.seconds + alone * 0.9), int(number))
            words = f"{number.name} at {after[0]:.3f} s{' of a process of its own' * alone}"
            return Disturbance(words, codes, after=after, alone=alone)
        name = rng.choice(list(FAILURES))
        calls = known.ended.report.calls(FAILURES[name].kinds)
        return _failing(name, rng.randrange(max(calls, 1)))

    def trials_at_each_call(self, name: str, failure: str) -> Iterator[Trial]:
        """Let a command fail at each of its calls in turn."""
        known = self.undisturbed(name)
        for number in range(known.ended.report.calls(FAILURES[failure].kinds)):
            trial = Trial(number, name)
            self._prepare(COMMANDS[name])
            before, arguments = self._tree(), shlex.split(COMMANDS[name].line)
            ended = self._disturb(trial, arguments, COMMANDS[name], known, _failing(failure, number))
            self._check(trial, COMMANDS[name], known, before, ended)
            yield trial

    def _disturb(
        self,
        trial: Trial,
        arguments: list[str],
        command: Command,
        known: Undisturbed,
        disturbance: Disturbance,
    ) -> Ended:
        words, codes = disturbance.words, disturbance.codes
        ended = self._runner.run(arguments, disturbance.fault, disturbance.after, disturbance.alone)
        if ended.report.done:
            path = ended.report.path.decode().replace(str(self._runner.work.parent), "")
            words += f", {ended.report.call.decode()} of {_anonymous(path)}"
        trial.disturbances.append(words)
        trial.codes.append(ended.code)
        # Before Python has come to the command, and after it has left it, signals do what the system does.
        outside = ended.code in (-signal.SIGTERM, -signal.SIGINT) and (
            ended.report.count == 0 or (not _complaints(ended.err) and self._tree() == known.after)
        )
        found = command.finds and ended.code == 1 and not _complaints(ended.err)
        if not outside and not found:
            if ended.code not in codes:
                trial.problems.append(f"exit {ended.code}: {_last(ended.err)}")
            trial.problems += _faults_of_words(ended)
        if ended.code == 0 and command.prints and ended.out != known.ended.out:
            trial.problems.append("prints something else")
        if ended.seconds > LIMIT:
            trial.problems.append("hangs")
        return ended

    def _check(self, trial: Trial, command: Command, known: Undisturbed, earlier: Tree, ended: Ended) -> None:
        """What is there, after the disturbance, is what was there or what is to be."""
        may_stay = (
            command.keeps
            or ended.code == -signal.SIGKILL
            or " from then on" in trial.disturbances[-1]
            or (ended.report.done and ended.report.call in (b"unlink", b"unlinkat", b"rmdir"))
        )
        now, made = self._tree(), command.makes.split()
        hidden = [
            path for path in now if not any(path in tree for tree in (earlier, known.before, known.after))
        ]
        if hidden and not may_stay:
            trial.problems.append(f"left behind after exit {ended.code}: {_anonymous(hidden[0])}")
        for path in known.before:
            if not _is_below(path, made) and now.get(path, b"") != known.before[path]:
                trial.problems.append(f"{path}: {'changed' if path in now else 'gone'}")
        for place in made:
            before, after, found = (_part(tree, place) for tree in (known.before, known.after, now))
            found = {path: content for path, content in found.items() if not is_leftover(Path(path))}
            if found in (before, after):
                continue
            if not command.keeps:
                gone = "neither the old nor the new" if before else "half-written"
                trial.problems.append(f"{place}: {gone}: {_difference(found, after)}")
            elif wrong := [
                path
                for path in before
                if path in after
                and "/steps/" not in path  # records that also tell what is begun
                and found.get(path, b"") not in (before[path], after[path])
                and before[path] not in now.values()  # a model of other settings is moved aside
            ]:
                trial.problems.append(f"{wrong[0]}: neither the old nor the new")

    def _go_on(self, trial: Trial, arguments: list[str], command: Command, known: Undisturbed) -> None:
        """The user's next command makes the same as if nothing had happened."""
        again = self._runner.run(arguments)
        now = self._tree()
        if again.code != 0:
            trial.problems.append(f"cannot be gone on from: exit {again.code}: {_last(again.err)}")
            return
        if command.prints and again.out != known.ended.out:
            trial.problems.append("prints something else when it is gone on with")
        if now != known.after:
            trial.problems.append(f"in the end: {_difference(now, known.after)}")

    def _tree(self) -> Tree:
        """All files, with their bytes, and folders; without what tells times."""
        base = self._runner.work.parent
        tree: Tree = {}
        for path in sorted(base.rglob("*")):
            tree[str(path.relative_to(base)).removeprefix("work/")] = (
                None if path.is_dir() else _comparable(path)
            )
        return tree


def _to_go_on(command: Command) -> list[str]:
    arguments = shlex.split(f"{command.line} {command.again}")
    if not command.keeps and "--overwrite" in _options(arguments[0]) and "--overwrite" not in arguments:
        arguments.append("--overwrite")
    return arguments


@cache
def _options(name: str) -> frozenset[str]:
    command = commands.get_command(click.Context(commands), name)
    assert command is not None
    return frozenset(option for parameter in command.params for option in parameter.opts)


def _comparable(path: Path) -> bytes:
    """A file's bytes, without times: of the seal of an index, and those in records of files (nanoseconds)."""
    content = path.read_bytes()
    if path.name == "log":
        return b""
    if path.suffix == ".json":
        return re.sub(rb"\b\d{19}\b", b"0", content)
    return re.sub(rb'"seal": "\d+"', b"", content) if path.name == "index.safetensors" else content


def _is_below(path: str, places: list[str]) -> bool:
    return any(path == place or path.startswith(f"{place}/") for place in places)


def _part(tree: Tree, place: str) -> Tree:
    """What is at a place and below."""
    return {path: content for path, content in tree.items() if _is_below(path, [place])}


def _difference(found: Tree, expected: Tree) -> str:
    differ = _differences(found, expected)
    first = next(differ)
    more = sum(1 for _ in differ)
    return first + (f" and {more} more" if more else "")


def _differences(found: Tree, expected: Tree) -> Iterator[str]:
    for path in sorted(found.keys() | expected.keys()):
        if path not in expected:
            yield f"{_anonymous(path)} left behind"
        elif path not in found:
            yield f"{path} missing"
        elif found[path] != expected[path]:
            yield f"{path} has other bytes"


def _anonymous(path: str) -> str:
    """A path without what chance has chosen."""
    return re.sub(r"\.[0-9a-f]{8}\.part", ".*.part", re.sub(r"tmp[a-z0-9_]{8}", "tmp*", path))


_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ")


def _complaints(err: str) -> list[str]:
    """The lines of standard error that are not the log's."""
    return [line for line in err.splitlines() if not _TIME.match(line)]


def _faults_of_words(ended: Ended) -> list[str]:
    """One complaint where it failed, none where it did not, and never a traceback."""
    lines = _complaints(ended.err)
    if any("Traceback" in line or line.startswith("Exception ignored") for line in lines):
        return [f"traceback: {lines[-1]}"]
    expected = 0 if ended.code <= 0 else 1
    if len(lines) != expected or not all(line.startswith("pwdismec: error: ") for line in lines):
        return [f"exit {ended.code} with {len(lines)} lines: {_last(lines[0] if lines else '')}"]
    return []


def _last(err: str) -> str:
    lines = err.strip().splitlines()
    return _anonymous(lines[-1])[:200] if lines else "(nothing said)"
