"""The interpreter ends with calls and tasks open."""

import pytest

OPEN = ["nothing", "thread", "task", "callback", "future", "feed", "end", "all"]


@pytest.mark.parametrize("what", OPEN)
def test_the_interpreter_ends(what, program):
    for _ in range(5):
        ended = program("open_at_exit.py", what)
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, "end\n", "")
