"""Turns among processes: one at a time, and the dead hold nobody up."""

import multiprocessing
import time
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread
from typing import Any

from billing.adapters.file_turn import file_turn


def _hold(path: Path, line: "Connection[Any, Any]") -> None:
    with file_turn(path):
        line.send("mine")
        time.sleep(600)


def test_only_one_has_the_turn(tmp_path: Path) -> None:
    inside, most = 0, 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(20):
            with file_turn(tmp_path / "turn"):
                inside += 1
                most = max(most, inside)
                time.sleep(0.0005)
                inside -= 1

    workers = [Thread(target=work) for _ in range(4)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert most == 1


def test_who_is_killed_in_its_turn_gives_it_up(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    holder = spawn.Process(target=_hold, args=(tmp_path / "turn", theirs), daemon=True)
    holder.start()
    assert ours.recv() == "mine"
    holder.kill()
    with file_turn(tmp_path / "turn"):
        pass
    holder.join()
    ours.close()
    theirs.close()
