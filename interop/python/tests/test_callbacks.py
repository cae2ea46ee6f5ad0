"""A task calls functions of Python's."""

import threading

import lines
import pytest


def test_a_task_calls_back(address):
    seen = []
    assert lines.Client(address).feed("100", seen.append).join() == 100
    assert seen == [str(number) for number in range(100)]


def test_a_callback_makes_calls(address):
    client = lines.Client(address)
    threads = set()

    def keep(line):
        threads.add(threading.get_ident())
        client.set(f"line-{line}", line)

    assert client.feed("20", keep).join() == 20
    assert threading.get_ident() not in threads
    assert client.get("line-19") == "19"


def test_feeds_run_beside_calls(address):
    client = lines.Client(address)
    seen = [[] for _ in range(8)]
    feeds = [client.feed("50", lines_of_one.append) for lines_of_one in seen]
    for number in range(50):
        client.set("number", str(number))
        assert client.get("number") == str(number)
    assert [feed.join() for feed in feeds] == [50] * 8
    assert seen == [[str(number) for number in range(50)]] * 8


def test_what_a_callback_raises_ends_the_feed(address):
    def refuse(line):
        raise KeyError(line)

    with pytest.raises(KeyError, match="0"):
        lines.Client(address).feed("5", refuse).join()
