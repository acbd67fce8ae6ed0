"""The sweep: the same numbers on every executor, cells that fail alone, work that can be left, and the command."""

from __future__ import annotations

from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context

import numpy as np
import pytest

from propagation.config import Config
from propagation.labs import sweep as lab
from propagation.labs.sweep import main, outcomes, sweep
from propagation.labs.trainability import Grid, Outcome, from_json, train_cell
from propagation.labs.training import Recipe

GRID = Grid(
    Config(width=16, bias_variance=0.05, input_law="digits", trials=1),
    Recipe(learning_rate=0.01, momentum=0.9, steps=40),
    (1, 3),
    (1.0, 4.0),
)


@pytest.fixture(scope="module")
def here():
    return sweep(GRID)


@contextmanager
def dask():
    """A Dask cluster in this process, as its Executor."""
    distributed = pytest.importorskip("dask.distributed")
    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client.get_executor()


EXECUTORS = {
    "threads": lambda: ThreadPoolExecutor(2),
    "processes": lambda: ProcessPoolExecutor(2, mp_context=get_context("spawn")),
    "dask": dask,
}


def test_without_an_executor_every_cell_is_trained_here(here):
    assert here.trained.all() and not here.failures
    assert here.accuracy[1, 0] == train_cell(GRID.cell((1, 0)), GRID.recipe).accuracy
    assert here.accuracy.min() > 0.2 and len(np.unique(here.accuracy)) > 1


@pytest.mark.filterwarnings("default")  # a cluster's own
@pytest.mark.parametrize("executor", EXECUTORS)
def test_the_numbers_are_the_same_on_every_executor(here, executor):
    with EXECUTORS[executor]() as pool:
        there = sweep(GRID, pool)
    np.testing.assert_array_equal(there.accuracy, here.accuracy)
    assert there.trained.all()


@pytest.mark.parametrize("threads", [0, 2])
def test_a_cell_that_fails_says_so_and_leaves_the_rest(here, monkeypatch, caplog, threads):
    def fail_once(config, recipe):
        if config.depth == 3 and config.weight_variance == 4:
            raise RuntimeError("out of luck")
        return train_cell(config, recipe)

    monkeypatch.setattr(lab, "train_cell", fail_once)
    with ThreadPoolExecutor(threads or 1) as pool:
        found = sweep(GRID, pool if threads else None)
    assert found.failures == {(1, 1): "RuntimeError: out of luck"}
    assert "in fail_once" in caplog.text and "depth=3" in caplog.text, "the log says where"
    assert found.trained.sum() == 3 and found.accuracy[0, 0] == here.accuracy[0, 0]


class Slow(Executor):
    """Finishes the first task and none of the others."""

    def __init__(self) -> None:
        self.tasks: list[Future] = []

    def submit(self, function, /, *arguments, **named) -> Future:
        self.tasks.append(Future())
        if len(self.tasks) == 1:
            self.tasks[0].set_result(function(*arguments, **named))
        return self.tasks[-1]


def test_leaving_cancels_what_has_not_begun():
    pool = Slow()
    coming = outcomes(GRID, GRID.places, pool)
    place, outcome = next(coming)
    assert place == (0, 0) and outcome.accuracy > 0
    coming.close()
    assert [task.cancelled() for task in pool.tasks] == [False, True, True, True]


def test_progress_counts_the_cells_and_stops_the_sweep_by_raising():
    shares = []

    def show(share: float) -> None:
        shares.append(share)
        if share >= 0.5:
            raise TimeoutError

    with pytest.raises(TimeoutError):
        sweep(GRID, progress=show)
    assert shares == [0.25, 0.5]


def test_what_is_known_is_not_trained_again(monkeypatch, here):
    monkeypatch.setattr(lab, "train_cell", lambda config, recipe: Outcome(0.5))
    found = sweep(GRID, known={(0, 0): Outcome(0.75)})
    assert found.accuracy.tolist() == [[0.75, 0.5], [0.5, 0.5]]


def test_the_command_writes_a_map_goes_on_where_it_was_and_starts_over_for_another_grid(tmp_path, monkeypatch, here, capsys):
    path, trained = tmp_path / "map.json", []

    def interrupted(config, recipe):
        trained.append(config.depth)
        if len(trained) == 3:
            raise KeyboardInterrupt
        return train_cell(config, recipe)

    monkeypatch.setattr(lab, "train_cell", interrupted)
    with pytest.raises(KeyboardInterrupt):
        main([str(path)], GRID)
    assert from_json(path.read_text()).trained.sum() == 2
    main([str(path)], GRID)
    assert trained == [1, 1, 3, 3, 3]
    np.testing.assert_allclose(from_json(path.read_text()).accuracy, here.accuracy, atol=1e-4)
    assert "4 of 4 networks" in capsys.readouterr().out
    assert str(tmp_path) not in path.read_text()
    other = Grid(GRID.base, GRID.recipe, (1,), (1.0, 4.0))
    main([str(path)], other)
    assert from_json(path.read_text()).grid == other and len(trained) == 7


def test_the_command_refuses_no_processes(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main([str(tmp_path / "map.json"), "--processes", "0"], GRID)
    assert "at least 1" in capsys.readouterr().err
