"""A call lets the GIL go while it sleeps, and only then."""

import sys
import threading
import time

import lines


def in_threads(count, work):
    errors = []

    def run():
        try:
            work()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive(), "a call does not end"
    assert errors == []


def test_another_thread_counts_while_a_call_sleeps(address):
    client = lines.Client(address)
    counted, begins = 0, threading.Event()

    def count():
        nonlocal counted
        begins.wait()
        for _ in range(100_000):
            counted += 1

    counter = threading.Thread(target=count)
    counter.start()
    interval = sys.getswitchinterval()
    # Nobody asks a running thread for the GIL: the counter begins if the call lets the GIL go, or after it.
    sys.setswitchinterval(3600)
    try:
        begins.set()
        before = counted
        client.sleep(0.2)
        after = counted
    finally:
        sys.setswitchinterval(interval)
        counter.join()
    assert (before, after) == (0, 100_000)


def test_eight_threads_call_while_another_counts(address):
    client = lines.Client(address)
    counted, ended = 0, threading.Event()

    def count():
        nonlocal counted
        while not ended.is_set():
            counted += 1

    counter = threading.Thread(target=count)
    counter.start()
    began = time.monotonic()

    def call():
        for number in range(5):
            client.sleep(0.05)
            key = f"{threading.get_ident()}-{number}"
            client.set(key, "here")
            assert client.get(key) == "here"

    try:
        in_threads(8, call)
    finally:
        ended.set()
        counter.join()
    print(f"8 threads, 2 s of sleep in all: {time.monotonic() - began:.2f} s, counted to {counted:,}")
    assert counted > 1_000


def test_a_server_of_the_same_process_answers(server):
    client = lines.Client(server.address)

    def call():
        for number in range(50):
            key = f"{threading.get_ident()}-{number}"
            client.set(key, "here")
            assert client.get(key) == "here"

    in_threads(8, call)


def test_a_ready_call_keeps_the_gil(server):
    client = lines.Client(server.address)
    before = lines.parks()
    assert client.version() == "1.0"
    first = lines.parks()
    assert first > before, "the first call asks the server"
    for _ in range(10_000):
        client.version()
        client.turn()
    assert lines.parks() == first, "ready calls, and those that wake themselves, do not sleep"
    assert server.versions == 1
