"""Spreads seeds over workers and gathers their rows, each seed once, whatever befalls workers."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    CancelledError,
    Executor,
    Future,
    wait,
)
from typing import Any

from glomers.environment import HAS_PROCESSES
from glomers.errors import ExploreError
from glomers.explore.scenario import Space
from glomers.explore.seed import Row, broken_row
from glomers.explore.worker import Batch, run_batch

BATCH_SEEDS_MAX = 25
BATCHES_PER_JOB = 2
"""How many batches are with a worker at a time: one at work, one to go on with."""
ATTEMPTS_MAX = 3

NewExecutor = Callable[[], Executor]
"""Makes an executor; it is called again when the one before broke."""
Take = Callable[[list[Row]], bool]
"""Is given rows as they come; says whether to go on."""


class Exploration:
    """Runs seeds of `space` and hands their rows to `take`, in the order they become known.

    A batch whose worker is lost is run again; a seed that ends its worker again and again counts
    as one that breaks the test.

    Args:
        space: the scenarios.
        take: gets the rows.
        new_executor: makes what they run on.
        jobs: how many batches can run at a time.
    """

    def __init__(self, space: Space, take: Take, new_executor: NewExecutor, jobs: int) -> None:
        self._space = space
        self._take = take
        self._new_executor = new_executor
        self._jobs = jobs
        self._waiting: deque[Batch] = deque()
        self._running: dict[Future[list[Row]], Batch] = {}
        self._attempts: dict[Batch, int] = {}

    def run(self, seeds: Sequence[int]) -> None:
        """Run the seeds; interrupted, what workers are at is finished and handed over first.

        Raises:
            ExploreError: when no worker can do its work.
        """
        self._waiting.extend(self._batches(seeds))
        while self._waiting:
            executor = self._new_executor()
            try:
                self._use(executor)
            except KeyboardInterrupt:
                self._waiting.clear()
                self._cancel()
                while self._running:
                    self._gather(executor)
                raise
            finally:
                executor.shutdown()

    def _batches(self, seeds: Sequence[int]) -> Iterator[Batch]:
        """Batches that are small enough for all workers to end at about the same time."""
        size = max(1, min(BATCH_SEEDS_MAX, len(seeds) // (8 * self._jobs)))
        for first in range(0, len(seeds), size):
            yield Batch(self._space, tuple(seeds[first : first + size]))

    def _use(self, executor: Executor) -> None:
        """Run what waits, until nothing does or the executor is broken."""
        intact = True
        while self._running or (self._waiting and intact):
            while intact and self._may_submit():
                batch = self._waiting.popleft()
                try:
                    self._running[executor.submit(run_batch, batch)] = batch
                except RuntimeError:  # BrokenExecutor is one
                    self._waiting.appendleft(batch)
                    intact = False
            intact = self._gather(executor) and intact

    def _may_submit(self) -> bool:
        """Whether the next batch may run now; one whose worker was lost runs alone."""
        if not self._waiting:
            return False
        if self._waiting[0] in self._attempts:
            return not self._running
        if any(batch in self._attempts for batch in self._running.values()):
            return False
        return len(self._running) < BATCHES_PER_JOB * self._jobs

    def _gather(self, executor: Executor) -> bool:
        """Wait for some batches and hand their rows over; says whether their workers lived."""
        intact = True
        done, _ = wait(self._running, return_when=FIRST_COMPLETED)
        for future in done:
            batch = self._running.pop(future)
            try:
                rows = future.result()
            except CancelledError:
                continue
            except ExploreError:
                self._cancel()
                raise
            except Exception as error:  # whatever an executor makes of a worker that is gone
                intact = False
                self._try_again(batch, error, last_words(executor))
                continue
            if not self._take(rows):
                self._waiting.clear()
                self._cancel()
        return intact

    def _cancel(self) -> None:
        for future in self._running:
            future.cancel()

    def _try_again(self, batch: Batch, error: Exception, words: str | None) -> None:
        """Run a batch again whose worker is gone, its seeds apart to find the one at fault."""
        attempts = self._attempts.get(batch, 0) + 1
        is_known = words is not None and len(batch.seeds) == 1 and attempts > 1
        if attempts == ATTEMPTS_MAX or is_known:
            why = words or (
                f"The process that ran it ended {attempts} times ({type(error).__name__}), as it "
                "does when a single call works without end, or takes all memory."
            )
            self._take([broken_row(self._space, batch.seeds[0], why)])
            return
        for seed in reversed(batch.seeds):
            single = Batch(self._space, (seed,))
            self._attempts[single] = attempts
            self._waiting.appendleft(single)


class ThisProcess(Executor):
    """Does what is submitted at once, in this process."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Do it; the future is done when this returns."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def process_pool(jobs: int) -> Executor:
    """A pool of processes that are fit for tests (see `glomers.explore.worker`).

    Where there are no others, this process does it all.
    """
    if not HAS_PROCESSES:
        return ThisProcess()
    from glomers.explore.workers import Workers  # not everywhere can it be imported

    return Workers(jobs)


def last_words(executor: Executor) -> str | None:
    """Where a process of an executor stood when it ended, if that is known."""
    return executor.last_words() if hasattr(executor, "last_words") else None
