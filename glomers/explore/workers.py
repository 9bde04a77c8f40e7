"""Processes in which tests run one after the other, as many at a time as are asked for."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import parent_process
from multiprocessing.context import BaseContext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from glomers.bench import sandbox
from glomers.environment import HAS_FORKS, OF_RUNS
from glomers.explore.worker import is_fit
from glomers.formats.last_words import stuck


class Workers(ProcessPoolExecutor):
    """Processes that are fit for tests; they leave word of where they stood when they were ended.

    Args:
        jobs: how many they are.
    """

    def __init__(self, jobs: int) -> None:
        self._folder = TemporaryDirectory(prefix="glomers-", ignore_cleanup_errors=True)
        words = (self._folder.name,)
        super().__init__(jobs, _context(), initializer=_prepare, initargs=words)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Do it in a process; one that has to be started for it hears of no interrupt."""
        with _held_back():
            return super().submit(fn, *args, **kwargs)

    def last_words(self) -> str | None:
        """The sentence about a call that worked without end, if there was one."""
        texts = (path.read_text(errors="replace") for path in Path(self._folder.name).iterdir())
        return next(filter(None, map(stuck, texts)), None)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the processes, and forget their words."""
        super().shutdown(wait, cancel_futures=cancel_futures)
        self._folder.cleanup()


@contextmanager
def _held_back() -> Iterator[None]:
    """Hear of an interrupt only afterwards; processes that are started meanwhile never do.

    One that reached them before they can ignore it would end them, and break the pool.
    """
    if not hasattr(signal, "pthread_sigmask"):  # on Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _context() -> BaseContext:
    os.environ.update(OF_RUNS)  # for children that are fresh interpreters
    # Forks are fit if this process is, and begin sooner.
    return multiprocessing.get_context("fork" if HAS_FORKS and is_fit() else "spawn")


def _leave_with_parent(leave: Callable[[int], object]) -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    leave(1)


def _prepare(words_folder: str) -> None:
    words = Path(words_folder, str(os.getpid()))
    sandbox.last_words = words.open("w", encoding="utf-8")  # as long as it lives
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent lets us finish what we are at
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    leave = os._exit  # as it is now: tests replace it
    threading.Thread(target=_leave_with_parent, args=(leave,), daemon=True).start()
    gc.freeze()  # what is imported by now stays: it need not be looked through after every run
