"""The ordered map: in order, and what is not wanted any more ends early."""

import gc
import threading
import weakref

import pytest

from pwdismec.errors import DataError
from pwdismec.parallel import in_threads


@pytest.mark.parametrize("threads", [1, 3])
def test_results_come_in_the_order_of_the_blocks(threads):
    ends = [threading.Event() for _ in range(20)]

    def solve(block):
        if block % 2:  # a later block ends first
            ends[block].set()
        elif threads > 1:
            ends[block + 1].wait(5)
        return block

    assert list(in_threads(solve, range(20), threads)) == list(range(20))


@pytest.mark.parametrize("end", ["closed", KeyboardInterrupt, SystemExit, RuntimeError])
def test_what_runs_is_interrupted_however_it_ends(end):
    """By whoever takes the results, by Ctrl-C, by a signal, by an error: no block is waited for."""
    interrupted, running = threading.Event(), threading.Event()

    def solve(block):
        if block:
            running.set()
            interrupted.wait(5)
        return block

    def blocks():
        yield from range(5)
        running.wait(60)
        if end != "closed":
            raise end

    results = in_threads(solve, blocks(), 2, interrupt=interrupted.set)
    if end == "closed":
        assert next(results) == 0
        running.wait(60)
        results.close()
    else:
        with pytest.raises(end):
            list(results)
    assert interrupted.is_set()


def test_results_come_before_the_fault_of_what_is_read():
    def items():
        yield from range(5)
        raise DataError("file", "damaged")

    found = []
    with pytest.raises(DataError, match="damaged"):
        found.extend(in_threads(lambda item: item, items(), 2))
    assert found == list(range(5))


def test_other_errors_are_raised_at_once():
    def items():
        yield 0
        raise KeyError

    with pytest.raises(KeyError):
        next(in_threads(lambda item: item, items(), 2))


def test_large_items_are_under_way_one_at_a_time():
    begun, most = [], 1 << 28

    def items():
        for number in range(6):
            begun.append(number)
            yield number

    for number in in_threads(lambda item: item, items(), 2, size_of=lambda item: most + 1):
        assert begun[-1] == number


def test_a_result_is_let_go_of_once_it_is_given():
    """Results are large, and their takers hold one at a time."""

    class Result:
        pass

    held = weakref.WeakSet()

    def make(number):
        result = Result()
        held.add(result)
        return result

    results = in_threads(make, range(50), 1)
    next(results)
    next(results)
    gc.collect()
    assert len(held) <= 2  # those that are ahead
