"""Each test has a server in another process, and those that look into it one in their own."""

import pathlib
import signal
import subprocess
import sys

import pytest
from server import Server

# A shell starts what runs in its background without SIGINT, and Python then leaves it ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)

FOLDER = pathlib.Path(__file__).parent


@pytest.fixture(scope="session")
def address():
    command = [sys.executable, str(FOLDER / "server.py")]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as server:
        yield server.stdout.readline().strip()
        server.stdin.close()


@pytest.fixture
def server():
    """A server whose threads need the GIL of this process to answer."""
    with Server() as server:
        yield server
        server.shutdown()


@pytest.fixture
def program(address):
    """Runs one of the programs of this folder."""

    def run(name, *arguments):
        command = [sys.executable, "-X", "faulthandler", str(FOLDER / "programs" / name), address]
        return subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=30)

    return run
