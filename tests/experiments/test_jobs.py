"""Executors: the oracle is the serial run, to the bit."""

import os
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import workers

import kerastrain as kt
from kerastrain.experiments.jobs import Job, hire

pytestmark = pytest.mark.tensorflow

DIGITS = kt.load_dataset("digits")
X, Y = DIGITS.x[:300] / 16, DIGITS.y[:300]
LOSSES = ["sparse_categorical_crossentropy", "mean_squared_error"]


def compare(build_model=workers.build, **settings):
    return kt.compare(build_model, X, Y, LOSSES, seeds=2, epochs=2, **settings)


def numbers(comparison):
    return [
        table.drop(columns="seconds").reset_index(drop=True)
        for table in (comparison.scores, comparison.history)
    ]


@pytest.fixture(scope="module")
def serial():
    return numbers(compare())


def assert_equal(comparison, serial):
    for one, other in zip(numbers(comparison), serial, strict=True):
        assert one.equals(other)


class AtOnce(Executor):
    """The smallest executor: it does the job while it is submitted."""

    def submit(self, fn, /, *args, **kwargs):
        future = Future()
        future.set_result(fn(*args, **kwargs))
        return future


@pytest.fixture
def deaths(tmp_path, monkeypatch):
    monkeypatch.setenv(workers.MARK, str(tmp_path / "deaths"))
    return tmp_path / "deaths"


@pytest.fixture(params=["at once", "threads", "processes", "loky", "dask"])
def executor(request, deaths):  # workers take the environment of their start
    if request.param == "at once":
        yield AtOnce()
    elif request.param == "threads":
        with ThreadPoolExecutor(2) as pool:
            yield pool
    elif request.param == "processes":
        with ProcessPoolExecutor(2) as pool:
            yield pool
    elif request.param == "loky":
        yield pytest.importorskip("loky").get_reusable_executor(2, reuse=False)
    else:
        distributed = pytest.importorskip("distributed")
        settings = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
        with distributed.LocalCluster(**settings) as cluster, distributed.Client(cluster) as client:
            yield client.get_executor()


@pytest.mark.process
def test_every_executor_gives_the_bits_of_the_serial_run(executor, serial):
    assert_equal(compare(executor=executor), serial)


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize("executor", ["processes", "loky", "dask"], indirect=True)
def test_a_worker_that_dies_loses_nothing(executor, serial, deaths):
    result = compare(workers.die_once, executor=executor)
    assert deaths.read_text() == "x"
    assert_equal(result, serial)
    assert result.notes == ()


@pytest.mark.process
@pytest.mark.slow
def test_a_job_whose_worker_dies_twice_is_named_and_the_others_are_done(serial, deaths):
    with ProcessPoolExecutor(1) as pool, pytest.warns(kt.KerastrainWarning, match="died twice"):
        result = compare(workers.die_of_the_first, executor=pool)
    note = "Missing, because their worker process died twice: mean_squared_error (seed 0)."
    assert result.notes == (note,)
    kept = ~((serial[0]["candidate"] == "mean_squared_error") & (serial[0]["seed"] == 0))
    assert numbers(result)[0].equals(serial[0][kept].reset_index(drop=True))


@pytest.mark.process
def test_closures_are_refused_by_pools_that_cannot_send_them_and_sent_by_loky(serial):
    def build_model(choice):
        return workers.build(choice)

    with ProcessPoolExecutor(2) as pool, pytest.raises(kt.DataError, match="get_reusable_executor"):
        compare(build_model, executor=pool)
    loky = pytest.importorskip("loky")
    assert_equal(compare(build_model, executor=loky.get_reusable_executor(2)), serial)


def test_ctrl_c_keeps_what_is_done(serial):
    built = []

    def build_model(choice):
        built.append(choice)
        if len(built) == 4:
            raise KeyboardInterrupt
        return workers.build(choice)

    result = compare(build_model)
    assert result.notes == ("Interrupted: 3 of 4 trainings are done.",)
    assert "Interrupted: 3 of 4" in str(result)
    kept = ~((serial[0]["candidate"] == "mean_squared_error") & (serial[0]["seed"] == 1))
    assert numbers(result)[0].equals(serial[0][kept].reset_index(drop=True))
    built[:] = [None] * 3
    with pytest.raises(KeyboardInterrupt):
        compare(build_model)


def what_travelled(shared, job, memory):
    memory["jobs"] = memory.get("jobs", 0) + 1
    return os.getpid(), id(shared), memory["jobs"], job


@pytest.mark.process
def test_shared_data_travel_once_to_each_worker_and_jobs_of_a_group_stay_together():
    jobs = [Job(group, (group, i)) for group in "ab" for i in range(10)]
    with ProcessPoolExecutor(2) as pool, hire(what_travelled, np.zeros(1000), pool) as run:
        results = run(jobs)
    assert [told for *_, told in results.all] == [job.told for job in jobs]
    assert len({place for *place, _, _ in map(list, results.all) for place in [tuple(place)]}) <= 2
    assert max(count for _, _, count, _ in results.all) >= 10


def test_progress_counts_jobs_and_tells_the_time_left(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    with hire(what_travelled, None) as run:
        run([Job(0, 1), Job(0, 2)])
    said = capsys.readouterr().out
    assert "1 of 2 trainings" in said
    assert "2 of 2 trainings, 0 s left" in said


def test_no_file_of_the_data_is_left_behind(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(kt.DataError, match="by pickle"):
        compare(lambda choice: None, executor=ProcessPoolExecutor(1))
    assert list(Path(tmp_path).iterdir()) == []
