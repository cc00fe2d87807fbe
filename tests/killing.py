"""A process that ends, without any cleaning up, around one of its renames."""

import os
from collections.abc import Callable


def ends_at_rename(number: int, done: bool, run: Callable[[], object]) -> bool:
    """Whether `run`, in a process of its own, got as far as the rename `number`, where that process ended.

    It ends after the rename if `done`, else before it. If there are fewer renames, `run` must succeed.
    """
    child = os.fork()
    if child == 0:
        replace, calls = os.replace, iter(range(10**6))

        def killed(source, target):
            last = next(calls) == number
            if done or not last:
                replace(source, target)
            if last:
                os._exit(9)

        os.replace = killed
        try:
            run()
            os._exit(0)
        finally:  # an error must not go on to the tests that come after
            os._exit(1)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, 9)
    return code == 9
