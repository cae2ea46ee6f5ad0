"""Children of multiprocessing make calls, whatever the parent has done before."""

import asyncio
import multiprocessing
import threading

import lines
import pytest

KINDS = ["fork", "spawn", "forkserver"]


def answers(client, address):
    """What a child sees: a client that it has inherited, if there is one, and one of its own."""
    client = client or lines.Client(address)
    client.sleep(0.01)

    async def ask():
        return await lines.AsyncClient(address).get("colour")

    return [client.version(), client.get("colour"), lines.Client(address).get("colour"), asyncio.run(ask())]


def child(pipe, client, address):
    pipe.send(answers(client, address))


def in_children(kind, client, address, count):
    context = multiprocessing.get_context(kind)
    children = []
    for _ in range(count):
        ours, theirs = context.Pipe()
        process = context.Process(target=child, args=(theirs, client, address))
        process.start()
        # A child that ends without an answer closes its end.
        theirs.close()
        children.append((process, ours))
    seen = []
    for process, pipe in children:
        assert pipe.poll(30), f"no answer, exit code {process.exitcode}"
        seen.append(pipe.recv())
        process.join(30)
        assert process.exitcode == 0
    return seen


@pytest.mark.parametrize("kind", KINDS)
def test_children_call_after_the_parent_has(kind, address):
    client = lines.Client(address)
    client.set("colour", "red")
    expected = ["1.0", "red", "red", "red"]
    # Connections of the parent's in the pool.
    assert answers(client, address) == expected
    inherited = client if kind == "fork" else None
    assert in_children(kind, inherited, address, 4) == [expected] * 4
    assert answers(client, address) == expected, "the parent's connections go on"


def test_children_are_forked_while_other_threads_call(address):
    client = lines.Client(address)
    client.set("colour", "red")
    ended, failed = threading.Event(), []

    def call():
        while not ended.is_set():
            if client.get("colour") != "red":
                failed.append("another answer")

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(5):
            seen = in_children("fork", client, address, 4)
            assert seen == [["1.0", "red", "red", "red"]] * 4
    finally:
        ended.set()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive(), "a call of the parent's does not end"
    assert failed == []


@pytest.mark.parametrize("kind", KINDS)
def test_children_call_before_the_parent_does(kind, program):
    ended = program("first_use.py", kind)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_pool_of_processes_makes_calls(address):
    lines.Client(address).set("colour", "red")
    with multiprocessing.get_context("fork").Pool(2) as pool:
        results = [pool.apply_async(answers, (None, address)) for _ in range(20)]
        for result in results:
            assert result.get(60) == ["1.0", "red", "red", "red"]
