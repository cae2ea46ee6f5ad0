"""Calls a second from sync code: the module of interop/python, the Python package `smartasync`, and asyncio alone, in turns.

Run with `interop/python/run --bench`, which builds the module.
"""

import asyncio
import pathlib
import socket
import statistics
import subprocess
import sys
import time

import lines
import smartasync

ROUNDS = 9
ROUND_SECONDS = 0.1


class Coroutines:
    """What the module's client does, written in Python."""

    def __init__(self, address):
        host, port = address.split(":")
        self.address = host, int(port)
        self.known_version = "1.0"

    async def version(self):
        return self.known_version

    async def turn(self):
        await asyncio.sleep(0)

    async def get(self, key):
        # A connection ends with its loop, and each call has a loop of its own.
        reader, writer = await asyncio.open_connection(*self.address)
        try:
            writer.write(f"GET {key}\n".encode())
            return (await reader.readline()).decode().split()[1]
        finally:
            writer.close()


class Decorated(Coroutines):
    version = smartasync.smartasync(Coroutines.version)
    turn = smartasync.smartasync(Coroutines.turn)
    get = smartasync.smartasync(Coroutines.get)


class Socket:
    """A blocking client, without anything asynchronous."""

    def __init__(self, address):
        host, port = address.split(":")
        self.stream = socket.create_connection((host, int(port)))
        self.stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = self.stream.makefile("rb")

    def get(self, key):
        self.stream.sendall(f"GET {key}\n".encode())
        return self.reader.readline().decode().split()[1]


def count(call):
    """Calls for one round. Returns the calls a second."""
    calls, batch, began = 0, 1, time.perf_counter()
    while True:
        for _ in range(batch):
            call()
        calls += batch
        passed = time.perf_counter() - began
        if passed >= ROUND_SECONDS:
            return calls / passed
        if passed < ROUND_SECONDS / 10:
            batch *= 2


def measure(contenders):
    rates = {name: [] for name in contenders}
    for call in contenders.values():
        call()
    for _ in range(ROUNDS):
        for name, call in contenders.items():
            rates[name].append(count(call))
    return {name: statistics.median(of_one) for name, of_one in rates.items()}


def table(rows):
    print("| a call that | by | calls a second | times slower |")
    print("|---|---|---|---|")
    for what, contenders in rows.items():
        rates = measure(contenders)
        fastest = next(iter(rates.values()))
        for name, rate in rates.items():
            print(f"| {what} | {name} | {rate:,.0f} | {fastest / rate:.2f} |", flush=True)


def main(address):
    module, plain, decorated = lines.Client(address), Coroutines(address), Decorated(address)
    blocking, loop = Socket(address), asyncio.new_event_loop()
    module.set("colour", "red")
    assert module.get("colour") == decorated.get("colour") == blocking.get("colour") == "red"
    assert module.version() == decorated.version() == "1.0"

    def four(name, *arguments):
        return {
            "this module": lambda: getattr(module, name)(*arguments),
            "Python's `smartasync`": lambda: getattr(decorated, name)(*arguments),
            "`asyncio.run`": lambda: asyncio.run(getattr(plain, name)(*arguments)),
            "a loop that is kept": lambda: loop.run_until_complete(getattr(plain, name)(*arguments)),
        }

    parks = lines.parks()
    rows = {"is ready": four("version"), "suspends once": four("turn")}
    table(rows)
    assert lines.parks() == parks, "the GIL was kept"
    requests = four("get", "colour")
    requests["a blocking socket"] = lambda: blocking.get("colour")
    print()
    table({"asks the server": requests})
    loop.close()


if __name__ == "__main__":
    module = pathlib.Path(__file__).parents[2] / "interop" / "python"
    server = [sys.executable, str(module / "tests" / "server.py")]
    pipe = subprocess.PIPE
    with subprocess.Popen(server, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            main(process.stdout.readline().strip())
        finally:
            process.stdin.close()
