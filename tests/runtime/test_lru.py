"""Results kept for all visitors: which go first, that nobody can change them, and that many threads may ask at once."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
import pytest

from propagation.runtime.lru import LRU


@dataclass(frozen=True)
class Result:
    numbers: np.ndarray
    others: dict[str, tuple[np.ndarray, ...]]


def result(value: float) -> Result:
    return Result(np.full(3, value), {"a": (np.full(2, value),)})


def test_what_was_put_in_is_found_and_nothing_else():
    store: LRU[str] = LRU(2)
    store.put(("lab", 1), "one")
    assert store.get(("lab", 1)) == "one" and store.get(("lab", 2)) is None
    store.put(("lab", 1), "another")
    assert store.get(("lab", 1)) == "another"


def test_the_one_not_asked_for_for_longest_goes_first():
    store: LRU[int] = LRU(3)
    for key in range(3):
        store.put(key, key)
    assert store.get(0) == 0  # which makes 1 the oldest
    store.put(3, 3)
    assert [store.get(key) for key in range(4)] == [0, None, 2, 3]
    store.put(0, 10)  # what is put in again does not make another one go
    assert [store.get(key) for key in range(4)] == [10, None, 2, 3]


def test_nobody_can_change_what_is_kept():
    store: LRU[Result] = LRU(1)
    own = result(1.0)
    store.put("key", own)
    own.numbers[0] = own.others["a"][0][0] = 7.0  # whoever has measured it may go on with it
    kept = store.get("key")
    assert kept is not None
    for array in (kept.numbers, *kept.others["a"]):
        assert set(array) == {1.0}
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 7.0


def test_a_part_of_an_array_keeps_no_more_than_itself():
    store: LRU[np.ndarray] = LRU(1)
    store.put("key", np.zeros((1000, 1000))[0])
    kept = store.get("key")
    assert kept is not None and kept.base is None


def test_threads_find_whole_results_and_the_limit_holds():
    store: LRU[Result] = LRU(8)
    wrong: list[object] = []
    begin = threading.Barrier(8)

    def work(own: int) -> None:
        begin.wait()
        try:
            for turn in range(400):
                key = (own + turn) % 12
                store.put(key, result(key))
                found = store.get((key + turn) % 12)
                if found is not None and set(found.numbers) != {float((key + turn) % 12)}:
                    wrong.append(found)
        except Exception as failure:
            wrong.append(failure)

    threads = [threading.Thread(target=work, args=(own,)) for own in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert sum(store.get(key) is not None for key in range(12)) == 8
