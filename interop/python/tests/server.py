"""A server of the line protocol. As a program it prints its address and serves until its input ends."""

import contextlib
import socketserver
import sys
import threading
import time


class Handler(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self):
        # Clients come and go.
        with contextlib.suppress(OSError):
            for line in self.rfile:
                word, *arguments = line.decode().split()
                getattr(self, word.lower(), self.unknown)(*arguments)

    def finish(self):
        with contextlib.suppress(OSError):
            super().finish()

    def say(self, line):
        self.wfile.write(f"{line}\n".encode())

    def version(self):
        self.server.versions += 1
        self.say("OK 1.0")

    def set(self, key, value):
        self.server.values[key] = value
        self.say("OK")

    def get(self, key):
        value = self.server.values.get(key)
        self.say("NONE" if value is None else f"OK {value}")

    def sleep(self, seconds):
        self.server.sleeping.release()
        time.sleep(float(seconds))
        self.say("OK")

    def feed(self, count):
        for number in range(int(count)):
            self.say(f"OK {number}")
        self.say("NONE")

    def unknown(self, *_):
        self.say("ERROR no such request")


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.values = {}
        # How many times the version was asked for, and one for each request that sleeps.
        self.versions = 0
        self.sleeping = threading.Semaphore(0)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self):
        return "{}:{}".format(*self.server_address)


if __name__ == "__main__":
    print(Server().address, flush=True)
    sys.stdin.read()
