"""Spreads seeds over workers and gathers their rows, each seed once, whatever befalls workers."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    CancelledError,
    Executor,
    Future,
    wait,
)
from functools import partial
from multiprocessing import parent_process
from typing import Any

from glomers.environment import HAS_PROCESSES, OF_RUNS
from glomers.errors import ExploreError
from glomers.explore.scenario import Space
from glomers.explore.seed import Row, broken_row
from glomers.explore.worker import Batch, is_fit, run_batch
from glomers.lifeline import when_let_go

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
                    self._gather()
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
            intact = self._gather() and intact

    def _may_submit(self) -> bool:
        """Whether the next batch may run now; one whose worker was lost runs alone."""
        if not self._waiting:
            return False
        if self._waiting[0] in self._attempts:
            return not self._running
        if any(batch in self._attempts for batch in self._running.values()):
            return False
        return len(self._running) < BATCHES_PER_JOB * self._jobs

    def _gather(self) -> bool:
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
                self._try_again(batch, error)
                continue
            if not self._take(rows):
                self._waiting.clear()
                self._cancel()
        return intact

    def _cancel(self) -> None:
        for future in self._running:
            future.cancel()

    def _try_again(self, batch: Batch, error: Exception) -> None:
        """Run a batch again whose worker is gone, its seeds apart to find the one at fault."""
        attempts = self._attempts.get(batch, 0) + 1
        if attempts == ATTEMPTS_MAX:
            why = (
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
    from concurrent.futures import ProcessPoolExecutor  # not everywhere can it be imported

    os.environ.update(OF_RUNS)  # for children that are fresh interpreters
    # Forks are fit if this process is, and begin sooner.
    can_fork = is_fit() and "fork" in multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("fork" if can_fork else "spawn")
    return ProcessPoolExecutor(jobs, mp_context=context, initializer=_prepare_worker)


def _prepare_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent lets us finish what we are at
    parent = parent_process()
    assert parent is not None
    when_let_go(partial(os._exit, 1), parent.sentinel)  # as it is now: tests replace `os._exit`
    gc.freeze()  # what is imported by now stays: it need not be looked through after every run
