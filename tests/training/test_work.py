"""Blocks in threads: in order, and those that are not wanted any more end early."""

import threading

import pytest

from pwdismec.training.work import in_order


@pytest.mark.parametrize("threads", [1, 3])
def test_results_come_in_the_order_of_the_blocks(threads):
    ends = [threading.Event() for _ in range(20)]

    def solve(block):
        if block % 2:  # a later block ends first
            ends[block].set()
        elif threads > 1:
            ends[block + 1].wait(5)
        return block

    assert list(in_order(solve, range(20), threads, lambda: None)) == list(range(20))


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

    results = in_order(solve, blocks(), 2, interrupted.set)
    if end == "closed":
        assert next(results) == 0
        running.wait(60)
        results.close()
    else:
        with pytest.raises(end):
            list(results)
    assert interrupted.is_set()
