"""The sync methods and those for asyncio are one client."""

import asyncio
import socket

import lines
import pytest


def test_both_give_the_same_answers(address):
    client = lines.Client(address)
    client.set("colour", "red")
    waited = [client.version(), client.get("colour"), client.get("missing"), client.turn()]

    async def ask():
        client = lines.AsyncClient(address)
        return [
            await client.version(),
            await client.get("colour"),
            await client.get("missing"),
            await client.turn(),
        ]

    assert waited == asyncio.run(ask()) == ["1.0", "red", None, None]


def test_both_raise_the_same_errors():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = "127.0.0.1:{}".format(unused.getsockname()[1])

        async def ask():
            await lines.AsyncClient(address).get("colour")

        for ask_once in (lambda: lines.Client(address).get("colour"), lambda: asyncio.run(ask())):
            with pytest.raises(ConnectionRefusedError):
                ask_once()


def test_many_futures_of_one_loop_wait_at_once(server):
    async def ask():
        client = lines.AsyncClient(server.address)
        sleeps = [client.sleep(0.3) for _ in range(20)]
        # All of them sleep on the server before the first one answers.
        for _ in sleeps:
            assert await asyncio.to_thread(server.sleeping.acquire, timeout=30)
        assert not any(sleep.done() for sleep in sleeps)
        await asyncio.gather(*sleeps)

    asyncio.run(ask())


def test_a_cancelled_future_drops_its_request(server):
    async def ask():
        client = lines.AsyncClient(server.address)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(client.sleep(3600), 0.05)
        return await client.get("colour")

    assert asyncio.run(ask()) is None


def test_a_future_needs_a_loop(address):
    with pytest.raises(RuntimeError, match="no running event loop"):
        lines.AsyncClient(address).version()
