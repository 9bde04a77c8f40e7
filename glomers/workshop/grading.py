"""Judging many submissions, each node in a process of its own that cannot disturb the others."""

from __future__ import annotations

import gc
import hashlib
import multiprocessing
import os
import resource
import shutil
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from glomers.bench.hosts import cage, processor
from glomers.bench.hosts.offspring import end_nurseries
from glomers.bench.hosts.process import signal_group
from glomers.environment import CAGE, IS_LINUX, cage_kind
from glomers.errors import WorkshopError
from glomers.files import write_whole
from glomers.workshop.assessment import Manner, assess
from glomers.workshop.bench_aside import stores_in
from glomers.workshop.brief import brief, measured_briefly
from glomers.workshop.exercise import exercises
from glomers.workshop.hunts import task as challenge_of
from glomers.workshop.mark import ERROR, NOT_RUN, TIMED_OUT, Mark
from glomers.workshop.runs import run_stage_here
from glomers.workshop.submission import Submission

RESULTS = "results.json"
PICTURE = "messages.svg"
DEADLINE_S = 300.0
"""How long one node may take, in real time: all of its stages."""
_BYTES = 2 << 30
_FILE_BYTES = 256 << 20
_DONE = ".done"
STRICT = Manner("lockstep", run_stage_here, measured_briefly, brief, is_explained=False)
"""How nodes that nobody trusts are judged."""

Tell = Callable[[Submission, Mark], None]


@dataclass(frozen=True)
class Job:
    """One node of a submission: what to judge it for, where to, and with which secret."""

    submission: Submission
    challenge: str
    out: Path
    secret: str

    @property
    def folder(self) -> Path:
        """Where its results go."""
        return self.out / self.submission.slug / self.challenge

    @property
    def _receipt(self) -> Path:
        return self.out / _DONE / f"{self.submission.slug}.{self.challenge}"

    @property
    def _key(self) -> str:
        """What decides the result."""
        source = self.submission.nodes[self.challenge].source
        words = f"{version('glomers')}\0{cage_kind()}\0{self.secret}\0".encode()
        return hashlib.sha256(words + source).hexdigest()

    def known(self) -> Mark | None:
        """The mark, if this very node has been judged before in the same way."""
        with suppress(OSError, ValueError, KeyError, TypeError):
            if self._receipt.read_text(encoding="ascii") == self._key:
                return self.mark()
        return None

    def mark(self) -> Mark:
        """What has been written down.

        Raises:
            OSError: when nothing has.
        """
        return Mark.of_json((self.folder / RESULTS).read_text(encoding="utf-8"))

    def begin(self) -> None:
        """Make room for the results, and write the node's file there."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.node.parent.mkdir(parents=True)
        self.node.write_bytes(self.submission.nodes[self.challenge].source)

    @property
    def node(self) -> Path:
        """The node's file, alone in its folder: that is all of ours that it sees."""
        return self.folder / "node" / f"my_{self.challenge}.py"

    def keep(self, mark: Mark) -> None:
        """Write the mark down."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_whole(self.folder / RESULTS, mark.to_json())

    def finish(self) -> None:
        """Note that it is judged, and throw away what is not for people."""
        shutil.rmtree(self.folder / "work", ignore_errors=True)
        self._receipt.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self._receipt, self._key)


def choose_cage(is_unsandboxed: bool) -> str | None:
    """Let all nodes from now on be kept as well as it can be done here.

    Args:
        is_unsandboxed: whether to go on where there is no bubblewrap.

    Returns:
        What is missing, as a sentence; None: nothing.

    Raises:
        WorkshopError: when bubblewrap cannot be used, and nobody has said to go on.
    """
    reason = cage.why_no_bubblewrap()
    if reason and not is_unsandboxed:
        raise WorkshopError(
            f"Nothing was judged: {reason}, so that nodes could read your files. Install "
            "bubblewrap, use the container of docs/teaching.md, or, if you trust them, add "
            "--unsandboxed."
        )
    os.environ[CAGE] = cage.LIMITS if reason else cage.BUBBLEWRAP
    return reason and f"Judged without a sandbox, as asked for: {reason}."


def grade(
    handed_in: Sequence[Submission], out: Path, secret: str, jobs: int, tell: Tell
) -> dict[str, list[Mark]]:
    """Judge all nodes of all submissions; what has been judged before is not judged again.

    Args:
        handed_in: the submissions.
        out: the folder for results.
        secret: decides the seeds.
        jobs: how many nodes at a time.
        tell: is told each mark as it becomes known.

    Returns:
        The marks by the names of submissions, in the order of the challenges.
    """
    work = [
        Job(each, id, out, secret) for each in handed_in for id in exercises() if id in each.nodes
    ]
    marks = {(job.submission.slug, job.challenge): job.known() for job in work}
    for job, mark in _judged([job for job in work if not marks[_key(job)]], jobs):
        marks[_key(job)] = mark
        tell(job.submission, mark)
    return {
        each.name: [marks.get((each.slug, id)) or _absent(each, id) for id in exercises()]
        for each in handed_in
    }


def _key(job: Job) -> tuple[str, str]:
    return job.submission.slug, job.challenge


def _absent(submission: Submission, id: str) -> Mark:
    notes = " ".join(submission.notes)
    return Mark(id, NOT_RUN, f"There is no my_{id}.py in it. {notes}".strip())


def _judged(work: Sequence[Job], jobs: int) -> Iterator[tuple[Job, Mark]]:
    """Judge nodes, so many at a time, and give each as it is done."""
    context = multiprocessing.get_context("fork")
    waiting, running = deque(work), dict[Any, tuple[BaseProcess, Job, float, int]]()
    places = list(range(jobs))
    gc.freeze()
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                job = waiting.popleft()
                job.begin()
                place = places.pop(0)
                process = context.Process(target=_judge, args=(job, place))
                process.start()
                running[process.sentinel] = process, job, time.monotonic() + DEADLINE_S, place
            wait(list(running), timeout=1.0)
            for sentinel, (judge, its_job, deadline_s, place) in list(running.items()):
                is_late = judge.is_alive()
                if is_late and time.monotonic() < deadline_s:
                    continue
                del running[sentinel]
                places.append(place)
                yield its_job, _end(judge, its_job, is_late=is_late)
    finally:
        for judge, *_ in running.values():
            _kill(judge)


def _end(process: BaseProcess, job: Job, *, is_late: bool) -> Mark:
    """Read what a process has left, or write down why there is nothing."""
    _kill(process)
    try:
        mark = job.mark()
    except (OSError, ValueError, KeyError, TypeError):
        status = process.exitcode
        why = f"The judge of this node ended early (status {status}): it took too much memory?"
        mark = Mark(job.challenge, ERROR, why)
        if is_late:
            why = f"It was not done after {DEADLINE_S:.0f} s."
            mark = Mark(job.challenge, TIMED_OUT, why)
        job.keep(mark)
    job.finish()
    return mark


def _kill(process: BaseProcess) -> None:
    """End a process and all that it has started."""
    assert process.pid is not None
    signal_group(process.pid, signal.SIGKILL)
    process.join()


def _judge(job: Job, place: int) -> None:
    """Judge a node in this process, which is for nothing else."""
    os.setsid()
    processor.stay_at(place)
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nothing, number)
    if IS_LINUX:
        resource.setrlimit(resource.RLIMIT_AS, (_BYTES, _BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_FILE_BYTES, _FILE_BYTES))
    work = job.folder / "work"
    work.mkdir()
    try:
        verdict = assess(
            challenge_of(job.challenge), job.node, work, secret=job.secret, manner=STRICT
        )
        mark = Mark.of_verdict(verdict)
    except WorkshopError as error:
        mark = Mark(job.challenge, ERROR, str(error))
    except MemoryError:
        mark = Mark(job.challenge, ERROR, "The runs of this node took too much memory.")
    for store in stores_in(work)[:1]:
        with suppress(OSError):
            shutil.copy(store / PICTURE, job.folder / PICTURE)
    job.keep(mark)
    end_nurseries()
    os._exit(0)
