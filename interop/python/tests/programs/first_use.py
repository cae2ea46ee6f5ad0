"""Children make the first calls, then their parent does, then children again."""

import multiprocessing
import sys

import lines


def ask(queue, address):
    queue.put(lines.Client(address).version())


def main():
    address, kind = sys.argv[1:]
    context = multiprocessing.get_context(kind)
    queue = context.Queue()
    for count in (3, 3):
        children = [context.Process(target=ask, args=(queue, address)) for _ in range(count)]
        for child in children:
            child.start()
        for child in children:
            assert queue.get(timeout=20) == "1.0"
        for child in children:
            child.join(20)
            assert child.exitcode == 0, child.exitcode
        assert lines.Client(address).version() == "1.0"


if __name__ == "__main__":
    main()
