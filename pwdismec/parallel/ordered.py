"""The ordered map: results in the order of the items, whatever pool works on them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future
from typing import Any, NamedTuple, Protocol, TypeVar

from pwdismec.errors import DataError, PwdismecError

Item = TypeVar("Item")
Result = TypeVar("Result")

# Bytes of items under way, beyond which no more are taken until some are done.
_MOST_UNDER_WAY = 1 << 28

# Times in a row that workers may die before anything more is done.
_DEATHS = 3


class Pool(Protocol):
    """What works on items."""

    @property
    def repeats(self) -> bool:
        """Whether an item is kept until it is done, as a worker may die with it."""

    def submit(self, function: Callable[[Item], Result], item: Item, /) -> Future[Result]:
        """Have `function` called with `item`."""

    def died(self, error: BaseException) -> bool:
        """Whether a worker's death made an item end so; a PwdismecError if nothing more can be done."""

    def renew(self) -> None:
        """Replace workers that died; what they had under way has ended by then."""


class _UnderWay(NamedTuple):
    item: Any
    size: int
    future: Future[Any]


def in_order(
    pool: Pool,
    function: Callable[[Item], Result],
    items: Iterable[Item],
    at_most: int | None = None,
    size_of: Callable[[Item], int] | None = None,
    late: tuple[type[Exception], ...] = (DataError,),
) -> Generator[Result, None, None]:
    """What `function` makes of each item, in order; items of a worker that died are done again.

    What an error leaves under way is for the owner of the pool to end.

    Parameters
    ----------
    pool
        Works on the items.
    at_most
        Items under way; default all.
    size_of
        Bytes of an item, where some are so large that fewer of them should be under way.
    late
        Errors of `items` that are raised after the results of the items before, so that of several faults in
        a file the first one is told; others are raised at once.

    Raises
    ------
    PwdismecError
        If workers die again and again.
    """
    waiting: deque[_UnderWay] = deque()
    iterator, is_last, deaths = iter(items), False, 0
    fault: Exception | None = None

    def has_room() -> bool:
        large = sum(each.size for each in waiting) > _MOST_UNDER_WAY
        return not large and (at_most is None or len(waiting) < at_most)

    while True:
        while not is_last and has_room():
            try:
                item = next(iterator)
            except StopIteration:
                is_last = True
            except late as error:
                fault, is_last = error, True
            else:
                size = 0 if size_of is None else size_of(item)
                future = pool.submit(function, item)
                waiting.append(_UnderWay(item if pool.repeats else None, size, future))
                del item
        if not waiting:
            break
        try:
            waiting[0].future.result()
        except Exception as error:
            if not pool.died(error):
                raise
            deaths += 1
            if deaths == _DEATHS:
                said = f"workers died {deaths} times in a row before anything was done"
                raise PwdismecError(f"{said}; is memory too scarce?") from error
            pool.renew()
            # In order, as a worker's results may build on one another.
            waiting = deque(each._replace(future=_again(pool, function, each)) for each in waiting)
            continue
        deaths = 0
        yield waiting.popleft().future.result()  # held here no longer
    if fault is not None:
        raise fault


def _again(pool: Pool, function: Callable[[Any], Result], each: _UnderWay) -> Future[Result]:
    """The same future, unless its worker died."""
    future: Future[Result] = each.future
    if future.done() and (error := future.exception()) is not None and pool.died(error):
        return pool.submit(function, each.item)
    return future
