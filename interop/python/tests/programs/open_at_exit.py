"""Ends while calls wait and tasks run."""

import asyncio
import sys
import threading
import time

import lines


def leave_threads(client):
    for _ in range(4):
        threading.Thread(target=client.sleep, args=(3600,), daemon=True).start()


def leave_tasks(address):
    """Futures of a loop that is neither run again nor closed."""
    loop = asyncio.new_event_loop()

    async def ask():
        client = lines.AsyncClient(address)
        await client.turn()
        return [client.sleep(3600), client.sleep(0.05), client.turn()]

    global left
    left = loop, loop.run_until_complete(ask())


def leave_callbacks(client):
    for _ in range(2):
        client.feed("1", lambda _line: time.sleep(3600))


def leave_futures(address):
    """Futures that a loop cancels as it ends."""

    async def ask():
        client = lines.AsyncClient(address)
        await client.turn()
        return asyncio.ensure_future(client.sleep(3600))

    asyncio.run(ask())


def leave_feeds(client):
    """Tasks that call back again and again while the interpreter ends."""
    for _ in range(2):
        client.feed("1000000", lambda line: line)


def main():
    address, what = sys.argv[1:]
    client = lines.Client(address)
    client.version()
    open_at_exit = {
        "nothing": lambda: None,
        "thread": lambda: leave_threads(client),
        "task": lambda: leave_tasks(address),
        "callback": lambda: leave_callbacks(client),
        "future": lambda: leave_futures(address),
        "feed": lambda: leave_feeds(client),
    }
    for name, leave in open_at_exit.items():
        if what in (name, "all"):
            leave()
    time.sleep(0.1)
    print("end", flush=True)


if __name__ == "__main__":
    main()
