"""Sweep: many networks trained on whatever executor there is: this process, a pool of them, or a cluster.

The command that makes the map that ships:  python -m propagation.labs.sweep assets/trainability.json --processes 2
"""

from __future__ import annotations

import argparse
import logging
import platform
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, as_completed
from contextlib import AbstractContextManager, nullcontext
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np

from propagation.labs.protocol import Progress
from propagation.labs.trainability import STANDARD, Grid, Outcome, Place, TrainabilityMap, assembled, from_json, to_json, train_cell

log = logging.getLogger(__name__)

#: seconds after which the command writes down what it has
_SAVE_EVERY = 20.0


def outcomes(grid: Grid, places: Iterable[Place], executor: Executor | None = None) -> Iterator[tuple[Place, Outcome]]:
    """Train these cells and yield each as it is done: in order here, as they come from an executor.

    The executor is anything with the interface of `concurrent.futures`: a pool of processes, or `Client.get_executor()` of a Dask cluster.
    A cell that fails says why and leaves the rest. Leaving the iteration early cancels what has not begun.
    """
    if executor is None:

        def here(place: Place) -> Outcome:
            return train_cell(grid.cell(place), grid.recipe)

        for place in places:
            yield place, _attempt(grid, place, partial(here, place))
        return
    tasks = {executor.submit(train_cell, grid.cell(place), grid.recipe): place for place in places}
    try:
        for task in as_completed(tasks):
            yield tasks[task], _attempt(grid, tasks[task], task.result)
    finally:
        for task in tasks:
            task.cancel()


def sweep(
    grid: Grid,
    executor: Executor | None = None,
    progress: Progress | None = None,
    known: Mapping[Place, Outcome] | None = None,
) -> TrainabilityMap:
    """Train every cell of the grid that is not `known` yet. The numbers are the same on every executor of like processors.

    (Others round sums differently: no matter in most cells, but deep chaotic networks magnify it to some per cent of accuracy.)
    `progress` is called with the share of cells that are done, and stops the sweep by raising.
    """
    done = dict(known or {})
    missing = [place for place in grid.places if place not in done]
    for place, outcome in outcomes(grid, missing, executor):
        done[place] = outcome
        if progress:
            progress(len(done) / len(grid.places))
    return assembled(grid, done)


def _attempt(grid: Grid, place: Place, work: Callable[[], Outcome]) -> Outcome:
    """Return the outcome of this work, or why there is none: in a word here, with where it happened in the log."""
    try:
        return work()
    except Exception as error:
        log.exception("a cell could not be trained: %s", grid.cell(place))
        error.__traceback__ = None  # a broken pool gives all its cells one error, which would grow with each
        return Outcome(failure=f"{type(error).__name__}: {error}")


def _pool(processes: int) -> AbstractContextManager[Executor | None]:
    """Return that many processes, or none for one."""
    if processes == 1:
        return nullcontext()
    # imported here: a browser, which shows the map, has no processes
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    return ProcessPoolExecutor(processes, mp_context=get_context("spawn"))


def _already_in(path: Path, grid: Grid) -> dict[Place, Outcome]:
    """Return what the file holds of this very grid."""
    try:
        held = from_json(path.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    if held.grid != grid:
        return {}
    return {place: outcome for place in grid.places if (outcome := held.outcome(place))}


def _save(path: Path, trainability: TrainabilityMap, processes: int) -> None:
    made = {
        "command": f"python -m propagation.labs.sweep {path.name if path.is_absolute() else path} --processes {processes}",
        "date": date.today().isoformat(),
        "python": platform.python_version(),
        "numpy": np.__version__,
    }
    part = path.with_suffix(".part")
    part.write_text(to_json(trainability, made))
    part.replace(path)  # whoever reads meanwhile sees a whole file


def main(arguments: list[str] | None = None, grid: Grid = STANDARD) -> None:
    """Train what the file does not hold yet, and write it there; interrupted, it keeps what is done and goes on from there next time."""
    parser = argparse.ArgumentParser(prog="python -m propagation.labs.sweep", description="Train the networks of the trainability map.")
    parser.add_argument("path", type=Path, help="the map: a JSON file, made or completed")
    parser.add_argument("--processes", type=int, default=1, help="networks trained at once (1)")
    options = parser.parse_args(arguments)
    if options.processes < 1:
        parser.error("--processes needs a whole number of at least 1")
    done = _already_in(options.path, grid)
    missing = [place for place in grid.places if place not in done]
    began = saved = time.monotonic()
    with _pool(options.processes) as executor:
        try:
            for place, outcome in outcomes(grid, missing, executor):
                done[place] = outcome
                seconds = time.monotonic() - began
                print(f"\r{len(done)} of {len(grid.places)} networks, {seconds:.0f} s", end="", flush=True)
                if time.monotonic() - saved > _SAVE_EVERY:
                    _save(options.path, assembled(grid, done), options.processes)
                    saved = time.monotonic()
        finally:
            _save(options.path, assembled(grid, done), options.processes)
            print()
    for (row, column), failure in assembled(grid, done).failures.items():
        print(f"depth {grid.depths[row]}, σ_w² {grid.weight_variances[column]:g} failed: {failure}")


if __name__ == "__main__":
    main()
