"""The interpreter ends with calls and tasks open."""

from concurrent.futures import ThreadPoolExecutor

import pytest

OPEN = ["nothing", "thread", "task", "callback", "future", "feed", "all"]


@pytest.mark.parametrize("what", OPEN)
def test_the_interpreter_ends(what, program):
    for _ in range(5):
        ended = program("open_at_exit.py", what)
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, "end\n", "")


def test_the_interpreter_ends_while_a_task_tells_the_loop(program):
    # More programs than cores, so that the thread that tells is stopped half-way. Left alone, one in forty aborts.
    with ThreadPoolExecutor(12) as pool:
        for ended in pool.map(lambda _: program("future_at_exit.py"), range(120)):
            assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
