"""Whose turn it is: order, fairness, and leaving early. Nothing here reads a clock to decide; threads wait for one another."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack

import numpy as np
import pytest

from propagation import Config, simulate
from propagation.engine.signal import Signal
from propagation.runtime import scheduler
from propagation.runtime.scheduler import PriorityLimiter, queued_since, run_all
from tests.patience import PATIENCE


class Gone(Exception):
    """A visitor has moved on."""


def nothing() -> None:
    pass


def gone() -> None:
    raise Gone


def wait_until(condition) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.001)


class Visitors:
    """Threads that each take one turn and note who had it."""

    def __init__(self, turns: PriorityLimiter) -> None:
        self.turns, self.order, self.threads = turns, [], []

    def arrive(self, name: str, seconds: float, since: float | None = None) -> None:
        def visit() -> None:
            with queued_since(since or time.monotonic()), self.turns.slot(seconds, nothing):
                self.order.append(name)

        ahead = self.turns.waiting()
        self.threads.append(threading.Thread(target=visit, daemon=True))
        self.threads[-1].start()
        wait_until(lambda: self.turns.waiting() == ahead + 1)

    def leave(self) -> list[str]:
        for thread in self.threads:
            thread.join(PATIENCE)
        return self.order


@pytest.mark.parametrize("cores", [1, 2])
def test_items_are_done_in_order_and_errors_arrive(cores, monkeypatch):
    monkeypatch.setattr(scheduler, "cores", lambda: cores)
    assert list(run_all(lambda x, pause: x * x, range(10), 1.0, nothing)) == [x * x for x in range(10)]
    with pytest.raises(ZeroDivisionError):
        list(run_all(lambda x, pause: 1 / x, [2, 1, 0], 1.0, nothing))


def test_the_short_go_before_the_long_whoever_came_first():
    turns = PriorityLimiter(1)
    visitors = Visitors(turns)
    with turns.slot(1.0, nothing):
        visitors.arrive("long", 60.0)
        visitors.arrive("short", 0.05)
        visitors.arrive("middle", 1.0)
    assert visitors.leave() == ["short", "middle", "long"]


def test_who_has_waited_long_enough_is_passed_no_more():
    turns = PriorityLimiter(1)
    visitors = Visitors(turns)
    with turns.slot(1.0, nothing):
        visitors.arrive("short", 0.05)
        visitors.arrive("long, and has waited", 2.0, since=time.monotonic() - 60)
    assert visitors.leave() == ["long, and has waited", "short"]


def test_long_work_makes_room_at_its_next_pause_and_goes_on_afterwards():
    turns = PriorityLimiter(1)
    visitors = Visitors(turns)
    with turns.slot(60.0, nothing) as give_way:
        visitors.arrive("short", 0.05)
        give_way()
        visitors.leave()
        visitors.order.append("the long one again")
    assert visitors.order == ["short", "the long one again"]


def test_short_work_makes_no_room_for_long_work():
    """Negative control."""
    turns = PriorityLimiter(1)
    visitors = Visitors(turns)
    with turns.slot(0.05, nothing) as give_way:
        visitors.arrive("long", 60.0)
        give_way()
        assert visitors.order == []
    assert visitors.leave() == ["long"]


def test_there_are_never_more_at_work_than_seats():
    turns, at_work, most = PriorityLimiter(2), [], []

    def visit() -> None:
        for _ in range(50):
            with turns.slot(0.05, nothing) as give_way:
                at_work.append(0)
                most.append(len(at_work))
                give_way()
                time.sleep(1e-4)
                at_work.pop()

    threads = [threading.Thread(target=visit) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(most) == 400 and max(most) <= 3  # one may have made room in the middle of its work
    with ExitStack() as slots:
        for _ in range(2):
            slots.enter_context(turns.slot(1.0, gone))  # both slots are free again


def test_whoever_leaves_the_line_takes_nobodys_turn():
    turns = PriorityLimiter(1)
    with turns.slot(1.0, nothing):
        with pytest.raises(Gone), turns.slot(1.0, gone):
            pass
        assert turns.waiting() == 0
    with turns.slot(1.0, gone):
        pass


def test_leaving_while_making_room_gives_the_seat_away_once():
    turns = PriorityLimiter(1)
    visitors = Visitors(turns)
    done = threading.Event()

    def hold() -> None:
        with turns.slot(0.01, nothing):
            done.wait(PATIENCE)

    with pytest.raises(Gone), turns.slot(60.0, gone) as give_way:
        holder = threading.Thread(target=hold)
        holder.start()
        wait_until(lambda: turns.waiting() == 1)
        give_way()
    visitors.arrive("next", 1.0)
    done.set()
    holder.join(PATIENCE)
    assert visitors.leave() == ["next"]
    with turns.slot(1.0, gone):
        pass


def test_an_error_inside_a_turn_frees_the_seat():
    turns = PriorityLimiter(1)
    with pytest.raises(ZeroDivisionError), turns.slot(1.0, nothing):
        raise ZeroDivisionError
    with turns.slot(1.0, gone):
        pass


def test_leaving_a_run_early_ends_what_is_under_way(monkeypatch):
    monkeypatch.setattr(scheduler, "cores", lambda: 2)
    monkeypatch.setattr(scheduler, "_long", PriorityLimiter(2))
    begun, ended = [], []

    def work(item: int, pause) -> None:
        begun.append(item)
        try:
            while True:
                time.sleep(0.001)
                pause()
        finally:
            ended.append(item)

    with pytest.raises(Gone):
        list(run_all(work, range(20), 1.0, lambda: gone() if len(begun) == 2 else None))
    wait_until(lambda: len(ended) == 2)
    assert sorted(begun) == sorted(ended) == [0, 1]


def test_a_network_can_be_left_between_two_layers():
    """One stack of networks, far longer than the time between two looks: leaving it does not wait for its end."""
    shares = []

    def look(share: float) -> None:
        shares.append(share)
        raise Gone

    with pytest.raises(Gone):
        simulate(Config(depth=2000, width=4096, inputs=16, trials=1), look)
    assert shares == [0.0]


def test_whoever_waits_for_another_network_is_told_so(monkeypatch):
    """While another visitor's networks are simulated the own ones are looked after, and can be left."""
    turns = PriorityLimiter(1)
    monkeypatch.setattr(scheduler, "_short", turns)
    with turns.slot(0.01, nothing), pytest.raises(Gone):
        simulate(Config(depth=3, width=8, inputs=2, trials=1), lambda share: gone())
    assert simulate(Config(depth=3, width=8, inputs=2, trials=1)).z.mean.shape == (1, 3)


def test_the_sums_of_different_signals_do_not_wait_for_each_other():
    """`functools.cached_property` of Python 3.11 lets one thread at a time compute, whatever the instance."""
    meeting = threading.Barrier(2, timeout=PATIENCE)

    class Meeting(np.ndarray):
        def swapaxes(self, *axes):
            meeting.wait()
            return super().swapaxes(*axes)

    signals = [Signal(np.ones((1, 2, 2)).view(Meeting), np.zeros(1, dtype=int)) for _ in range(2)]
    threads = [threading.Thread(target=lambda signal=signal: signal.gram) for signal in signals]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert not meeting.broken and all("gram" in signal.__dict__ for signal in signals)


def test_who_waits_knows_about_how_long():
    """As many turns as are ahead, at the pace of those before: here 5 s each."""
    turns, heard = PriorityLimiter(1), {}
    turns._pace = 5.0

    def visit(name: str) -> None:
        def look() -> None:
            heard[name] = scheduler.expected_wait()

        with turns.slot(0.1, look):
            heard[name, "after"] = scheduler.expected_wait()

    with turns.slot(0.1, nothing):
        threads = []
        for place, name in enumerate(["first", "second"]):
            threads.append(threading.Thread(target=visit, args=[name], daemon=True))
            threads[-1].start()
            wait_until(lambda place=place: turns.waiting() == place + 1)
        wait_until(lambda: {"first", "second"} <= heard.keys())
    for thread in threads:
        thread.join(PATIENCE)
    assert heard == {"first": 5.0, "second": 10.0, ("first", "after"): 0.0, ("second", "after"): 0.0}
    assert 0 < turns._pace < 5 and scheduler.expected_wait() == 0


def test_under_overload_the_moves_that_nobody_wants_any_more_go_first():
    """Of five moves by one hand that wait, four are given up, and the last one keeps the place of the first."""
    turns, made = PriorityLimiter(1), []
    superseded = [threading.Event() for _ in range(5)]

    def move(number: int) -> None:
        def look() -> None:
            if superseded[number].is_set():
                raise Gone

        try:
            with queued_since(1.0), turns.slot(0.1, look):
                made.append(number)
        except Gone:
            pass

    def other() -> None:
        with queued_since(2.0), turns.slot(0.1, nothing):
            made.append("other")

    with turns.slot(0.1, nothing):
        threads = [threading.Thread(target=other, daemon=True)]
        threads += [threading.Thread(target=move, args=[number], daemon=True) for number in range(5)]
        for thread in threads:
            thread.start()
        wait_until(lambda: turns.waiting() == 6)
        for event in superseded[:4]:
            event.set()
        wait_until(lambda: turns.waiting() == 2)
    for thread in threads:
        thread.join(PATIENCE)
    assert made == [4, "other"]
