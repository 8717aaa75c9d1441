"""Where do the trainings of an experiment run?  Here, or on the workers of an executor.

A job is a plain tuple, and one module-level function does it, with the data that all jobs share. So
a worker process gives the same numbers as this one. Each worker keeps what it has compiled, and is
given jobs of one group for as long as there are any.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import multiprocessing
import os
import pickle
import sys
import tempfile
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    wait,
)
from pathlib import Path
from typing import Any, NamedTuple

from kerastrain.errors import DataError, RunError
from kerastrain.experiments.finished import Finished
from kerastrain.models.private_names import client_of, pool_settings, workers_of

__all__ = ["Job", "Results", "hire"]

# Dask raises these where a worker died, with the job or with data that the job needs.
DEATHS = ("KilledWorker", "FutureCancelledError", "FutureLostError")
MANY = 1000  # workers are taken to be there where their number is not known
Work = Callable[[Any, Any, dict[Any, Any]], Any]


class Job(NamedTuple):
    """A training, or a part of one."""

    group: Hashable  # jobs of one group are best done by one worker
    told: Any  # what the work is told
    key: Any = None  # by which a checkpoint knows it


class Results(NamedTuple):
    """What has come of the jobs, in their order: None where there is no result."""

    all: list[Any]
    lost: list[int]  # whose worker died, twice
    interrupted: bool  # by Ctrl-C


@contextlib.contextmanager
def hire(
    work: Work, shared: Any, executor: Executor | None = None, finished: Finished | None = None
) -> Iterator[Callable[[Sequence[Job]], Results]]:
    """Give a function that does jobs, which may be called more than once.

    The job of a worker that dies is done once more, alone; if its worker dies again, it is lost,
    and no other job is. Ctrl-C ends the work and keeps what is done.

    Args:
        work: A module-level function of `(shared, told, memory)`; `memory` is a dict that stays
            from job to job of one worker.
        shared: What all jobs need. It travels once to each worker.
        executor: Any `concurrent.futures.Executor`. Left out, the jobs are done here.
        finished: Keeps the results. A job whose result it holds is not done again.

    Returns:
        A context manager. Its function takes jobs and gives their results.

    Raises:
        DataError: `executor` is none, or the shared data cannot be sent to its workers.
        RunError: the workers die before any job is done.
        KeyboardInterrupt: Ctrl-C before any job is done.
    """
    if executor is not None and not isinstance(executor, Executor):
        message = (
            f"executor must be a concurrent.futures.Executor, but it is {executor!r}. Pass "
            "ProcessPoolExecutor(2), loky.get_reusable_executor(2) or client.get_executor()."
        )
        raise DataError(message)
    with _Workers(executor or _Here(), work, shared) as workers:
        yield lambda jobs: _Course(workers, jobs, finished).run()


class _Here(Executor):
    """Do each job while it is submitted."""

    _max_workers = 1

    def submit(self, function: Callable[..., Any], /, *given: Any, **named: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(function(*given, **named))
        return future


class _Course:
    """Give each lane, one for each worker, jobs of one group; look into deaths one by one."""

    def __init__(self, workers: _Workers, jobs: Sequence[Job], finished: Finished | None) -> None:
        self._workers, self._jobs, self._finished = workers, jobs, finished
        self._results = [None if finished is None else finished.find(job.key) for job in jobs]
        self._waiting: dict[Hashable, deque[int]] = {}
        for index, job in enumerate(jobs):
            if self._results[index] is None:
                self._waiting.setdefault(job.group, deque()).append(index)
        self._line = _Line(sum(map(len, self._waiting.values())))
        self._lanes: dict[int, Hashable] = {}
        self._suspects: list[int] = []  # a worker died while they ran
        self._lost: list[int] = []
        self._flying: dict[Future[Any], tuple[int, int, Executor]] = {}

    def run(self) -> Results:
        """Send jobs and take results until none is left."""
        interrupted = False
        try:
            while self._send():
                for future in wait(self._flying, return_when=FIRST_COMPLETED).done:
                    self._take(future)
        except KeyboardInterrupt:
            if not any(result is not None for result in self._results):
                raise
            interrupted = True
        finally:
            for future in self._flying:
                future.cancel()
            self._line.close()
        return Results(self._results, self._lost, interrupted)

    def _send(self) -> bool:
        """Keep the lanes busy, or send one suspect alone; tell whether any job is under way."""
        pairs: list[tuple[int | None, int]] = []
        if not self._suspects:
            busy = {lane for _, lane, _ in self._flying.values()}
            pairs = [(self._next(n), n) for n in range(self._workers.count) if n not in busy]
        elif not self._flying:
            pairs = [(self._suspects[0], 0)]
        for index, lane in pairs:
            if index is not None:
                future = self._workers.submit(self._jobs[index].told, lane)
                self._flying[future] = index, lane, self._workers.executor
        return bool(self._flying)

    def _next(self, lane: int) -> int | None:
        """Take a job of the lane's group, or else of the group that has the most left to do."""
        if not self._waiting.get(self._lanes.get(lane)):
            left = [group for group, indices in self._waiting.items() if indices]
            new = [group for group in left if group not in self._lanes.values()] or left
            if not new:
                return None
            self._lanes[lane] = max(new, key=lambda group: len(self._waiting[group]))
        return self._waiting[self._lanes[lane]].popleft()

    def _take(self, future: Future[Any]) -> None:
        index, _, used = self._flying.pop(future)
        error = _death_of(future)
        if error is None:
            self._results[index] = future.result()
            if self._finished is not None:
                self._finished.keep(self._jobs[index].key, self._results[index])
            self._line.move()
        else:
            self._workers.renew(used, error)
            if index not in self._suspects:
                self._suspects.append(index)
                return
            self._lost.append(index)
            if self._line.done == 0 and len(self._lost) > 1:
                raise RunError(_ALL_DIE.format(error)) from error
        if index in self._suspects:
            self._suspects.remove(index)


def _death_of(future: Future[Any]) -> BaseException | None:
    """Tell the error of a job whose worker died."""
    if future.cancelled():
        return CancelledError("its worker died")
    error = future.exception()
    died = isinstance(error, BrokenExecutor) or type(error).__name__ in DEATHS
    return error if died else None


_ALL_DIE = (
    "The worker processes died before they had done any job: {}. In a script, start the work under "
    "if __name__ == '__main__':, and see that the workers have enough memory."
)


class _Workers:
    """Send jobs to an executor; the shared data go before them, once to each worker."""

    def __init__(self, executor: Executor, work: Work, shared: Any) -> None:
        self.executor: Any = executor
        self._given = executor
        self._work, self._shared = work, shared
        self._token = f"{os.getpid()} {uuid.uuid4().hex}"
        self._client: Any = client_of(executor) if _made_by(executor, "distributed") else None
        self._is_pool = _pool_class(executor) is not None
        self.count = workers_of(executor) or MANY
        self._file: Path | None = None
        self._sent = shared  # so to threads, and to workers of which nothing is known
        self._places: Any = None  # which of the cores of its machine each worker takes

    def __enter__(self) -> _Workers:
        if self._client is not None:
            self._scatter()
        elif self._is_pool:
            context = pool_settings(self.executor).get("mp_context")
            if context is not None and context.get_start_method() == "fork":
                # A forked TensorFlow hangs, for its threads are not forked with it.
                spawn = multiprocessing.get_context("spawn")
                self.executor = _copy(self.executor, mp_context=spawn)
            self._dump()
            self._sent = self._file
            self._places = [(lane, self.count) for lane in range(self.count)]
        return self

    def _dump(self) -> None:
        """Write the shared data into a file, which each worker of a pool reads once."""
        closures = _made_by(self.executor, "loky")  # which brings cloudpickle along
        pickler = importlib.import_module("cloudpickle" if closures else "pickle")
        try:
            with tempfile.NamedTemporaryFile(
                prefix="kerastrain-", suffix=".pickle", delete=False
            ) as file:
                self._file = Path(file.name)
                pickler.dump(self._shared, file, protocol=5)
        except BaseException as error:
            self.__exit__(error)
            if not isinstance(error, pickle.PicklingError | AttributeError | TypeError):
                raise
            message = (
                f"Worker processes get build_model, x and y by pickle, but: {error}. Write "
                "build_model as a function of a module, or pass "
                "executor=loky.get_reusable_executor(2), which sends closures too."
            )
            raise DataError(message) from error

    def _scatter(self) -> None:
        """Send the shared data to the workers of Dask, and number those of each machine."""
        self._sent = self._client.scatter(self._shared, broadcast=True, hash=False)
        workers = self._client.scheduler_info(n_workers=-1)["workers"]
        self.count = len(workers) or MANY
        hosts: dict[str, list[str]] = {}
        for address, worker in sorted(workers.items()):
            hosts.setdefault(worker["host"], []).append(address)
        self._places = {
            address: (number, len(there))
            for there in hosts.values()
            for number, address in enumerate(there)
        }

    def submit(self, told: Any, lane: int) -> Any:
        place = self._places[lane] if isinstance(self._places, list) else self._places
        given = (_do, self._work, self._token, self._sent, told, place, _threads())
        options = {} if self._client is None else {"pure": False}
        try:
            return self.executor.submit(*given, **options)
        except BrokenExecutor as error:
            self.renew(self.executor, error)
            return self.executor.submit(*given, **options)

    def renew(self, used: Executor, error: BaseException) -> None:
        """Put a like executor in the place of one that a dead worker has broken."""
        if self._client is not None:
            self._scatter()  # what the dead one held may be gone
        elif used is self.executor and self._is_pool:
            if used is not self._given:
                used.shutdown(wait=False)
            self.executor = _copy(used)
        elif used is self.executor:
            raise error

    def __exit__(self, *error: Any) -> None:
        if self.executor is not self._given:
            self.executor.shutdown(wait=error[0] is None)
        if self._file is not None:
            self._file.unlink(missing_ok=True)
        if _memory.get("token") == self._token:  # the workers were threads
            _memory.clear()


def _made_by(executor: Executor, package: str) -> bool:
    return any(package in kind.__module__.split(".") for kind in type(executor).__mro__)


def _pool_class(executor: Executor) -> Any:
    """Find the class of a pool of processes, of Python or loky; None for any other executor."""
    kinds = type(executor).__mro__
    return next((kind for kind in kinds if kind.__name__ == "ProcessPoolExecutor"), None)


def _copy(executor: Any, **changed: Any) -> Executor:
    """Build a pool of processes with the settings of another one."""
    kind = _pool_class(executor)
    wanted = inspect.signature(kind).parameters
    settings = {k: v for k, v in pool_settings(executor).items() if k in wanted}
    pool: Executor = kind(**settings | changed)
    return pool


# ------------------------------------------------------------------ in the worker
_memory: dict[str, Any] = {}  # of the experiment that this process works for
_one_at_a_time = threading.RLock()  # trainings in threads would share generators and a model
_has_place = False


def _do(
    work: Work, token: str, shared: Any, told: Any, place: Any, threads: tuple[int, int]
) -> Any:
    """Do one job in a worker."""
    with _one_at_a_time:
        if _memory.get("token") != token:
            _memory.clear()
            if not token.startswith(f"{os.getpid()} "):
                _take_place(place, threads)
            if isinstance(shared, Path):
                shared = pickle.loads(shared.read_bytes())
            _memory.update(token=token, shared=shared, kept={})
        try:
            return work(_memory["shared"], told, _memory["kept"])
        except KeyboardInterrupt:  # as it is, for one with a history does not travel
            raise KeyboardInterrupt from None


def _take_place(place: Any, threads: tuple[int, int]) -> None:
    """Take a share of the cores, and as many threads as there: their number decides last bits."""
    global _has_place
    import keras

    if isinstance(place, dict):
        from distributed import get_worker

        place = place.get(get_worker().address)
    if _has_place or keras.backend.backend() != "tensorflow":
        return
    import tensorflow as tf

    with contextlib.suppress(RuntimeError):  # TensorFlow has started its threads already
        tf.config.threading.set_intra_op_parallelism_threads(threads[0])
        tf.config.threading.set_inter_op_parallelism_threads(threads[1])
        _has_place = True
        if place is not None and hasattr(os, "sched_setaffinity"):
            number, count = place
            cores = sorted(os.sched_getaffinity(0))
            os.sched_setaffinity(0, cores[number::count] or [cores[number % len(cores)]])


def _threads() -> tuple[int, int]:
    """Count the threads that TensorFlow has in this process."""
    import keras

    if keras.backend.backend() != "tensorflow":
        return 0, 0
    import tensorflow as tf

    usual = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    intra = tf.config.threading.get_intra_op_parallelism_threads()
    inter = tf.config.threading.get_inter_op_parallelism_threads()
    return intra or usual or 1, inter or usual or 1


class _Line:
    """Show on a terminal or in a notebook how many jobs are done, and the time left."""

    def __init__(self, total: int) -> None:
        self._total, self.done, self._begin = total, 0, time.monotonic()
        self._watched = sys.stdout.isatty() or "ipykernel" in sys.modules

    def move(self) -> None:
        self.done += 1
        if self._watched:
            left = (time.monotonic() - self._begin) / self.done * (self._total - self.done)
            text = f"\r{self.done} of {self._total} trainings, {left:.0f} s left".ljust(50)
            sys.stdout.write(text)
            sys.stdout.flush()

    def close(self) -> None:
        if self._watched and self.done:
            sys.stdout.write("\n")
