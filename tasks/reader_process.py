"""A reading process: takes pieces of work from its starter until that closes the connection.

Run by `tasks.workers` as `python -m tasks.reader_process <descriptor> <megabytes>`.
"""

from __future__ import annotations

import logging
import signal
import sys
from logging.handlers import QueueHandler
from multiprocessing.connection import Connection
from typing import Any, cast

from storage.settings import limit_threads

MEGABYTE = 1024 * 1024


class _Forwarder(QueueHandler):
    """Sends log records to the starter, whose logs they belong to."""

    queue: Any  # the connection

    def enqueue(self, record: logging.LogRecord) -> None:
        self.queue.send(("log", record))


def limit_memory(megabytes: int) -> None:
    """Have the system refuse this process more memory; without effect where it knows no limit.

    Memory that is written to counts, not addresses that are only reserved.
    """
    try:
        import resource
    except ImportError:  # not on Windows
        return
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = megabytes * MEGABYTE
    limit = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, most))


def serve(connection: Connection) -> None:
    """Do each piece of work that comes, telling the place and address of what is begun.

    A piece is `(read, items, refused)`, done by `read(items, begin, refused)`. Answers are
    pairs: `at`, `log`, and last `done` with what was read or `raised` with the exception; after
    `memory` the process ends, for what else it holds is then in doubt.
    """
    while True:
        try:
            read, items, refused = connection.recv()
        except EOFError:
            return
        try:
            answer = read(items, lambda *place: connection.send(("at", place)), refused)
        except MemoryError:
            connection.send(("memory", None))
            return
        except Exception as error:  # the starter raises it anew
            connection.send(("raised", error))
        else:
            connection.send(("done", answer))


def main() -> None:
    """Serve the connection named on the command line, under its limits."""
    descriptor, megabytes = map(int, sys.argv[1:])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever starts us ends us
    limit_threads()
    limit_memory(megabytes)
    connection = Connection(descriptor)
    logging.getLogger().setLevel(logging.INFO)
    logging.getLogger().addHandler(_Forwarder(cast(Any, connection)))
    from tasks.archived import warm_up  # only now, under the limits

    warm_up()
    try:
        serve(connection)
    except BrokenPipeError:  # the starter is gone
        return


if __name__ == "__main__":
    main()
