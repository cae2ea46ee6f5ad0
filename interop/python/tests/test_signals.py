"""Ctrl-C reaches a call that waits."""

import os
import signal
import threading
import time

import lines
import pytest


def interrupt_once_asleep(server, number):
    """Returns when the signal was sent."""
    sent = []

    def send():
        assert server.sleeping.acquire(timeout=30)
        # The caller still has to go to sleep.
        time.sleep(0.1)
        sent.append(time.monotonic())
        os.kill(os.getpid(), number)

    threading.Thread(target=send, daemon=True).start()
    return sent


def test_ctrl_c_interrupts_a_call(server):
    client = lines.Client(server.address)
    took = []
    for _ in range(10):
        sent = interrupt_once_asleep(server, signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            client.sleep(3600)
        took.append(time.monotonic() - sent[0])
    print(f"from the signal to KeyboardInterrupt: {min(took):.3f} to {max(took):.3f} s")
    assert client.get("colour") is None, "the client goes on"


def test_a_handler_makes_calls_while_a_call_waits(server):
    client = lines.Client(server.address)
    seen = []

    def handle(*_):
        client.set("seen", "here")
        seen.append(client.get("seen"))

    before = signal.signal(signal.SIGUSR1, handle)
    try:
        interrupt_once_asleep(server, signal.SIGUSR1)
        client.sleep(1)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert seen == ["here"]
