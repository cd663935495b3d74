"""The service as a process: its socket, its end, the line by which it says that it is there."""

import json
import logging
import os
import signal
import socket
import sys
import threading
from contextlib import suppress
from types import FrameType

import uvicorn

from .app import Service, create
from .connections import PatientProtocol
from .files import ServerError
from .settings import Settings

log = logging.getLogger(__name__)


def run(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT; the exit code. What is under way then is answered first.

    When the plan was looked at for the first time, one line of JSON on stdout has the address. Raises ServerError when
    there is no socket to be had.
    """
    listener = _listen(settings)
    host, port = listener.getsockname()[:2]
    address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    service = Service(settings)
    service.holder.address = address

    def started() -> None:
        told = {
            "address": address,
            "ready": service.holder.serving is not None,
            "error": service.holder.error,
        }
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()

    config = uvicorn.Config(
        create(service, started),
        http=_protocol(settings),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=settings.connections,
        timeout_keep_alive=int(max(1, settings.head_seconds)),
        timeout_graceful_shutdown=int(max(1, settings.drain_seconds)),
    )
    # uvicorn raises the signal again when it is done: that it was told to end is no fault.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _done)
    server = uvicorn.Server(config)
    if settings.with_stdin:
        threading.Thread(target=_end_with_stdin, args=(server,), name="stdin", daemon=True).start()
    server.run(sockets=[listener])
    return 0


def _end_with_stdin(server: uvicorn.Server) -> None:
    """End when whoever started us is gone: then the other end of our stdin is closed."""
    with suppress(OSError):
        while os.read(0, 4096):
            pass
    server.should_exit = True


def _done(number: int, frame: FrameType | None) -> None:
    """The end was asked for, and has come."""


def _protocol(settings: Settings) -> type[PatientProtocol]:
    patience = {"head_seconds": settings.head_seconds, "answer_seconds": settings.answer_seconds}
    return type("Protocol", (PatientProtocol,), patience)


def _listen(settings: Settings) -> socket.socket:
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)
        family, kind, number, _, where = found[0]
        listener = socket.socket(family, kind, number)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(where)
        listener.listen(settings.connections)
    except (OSError, OverflowError, UnicodeError) as error:  # the last of a name that no host can have
        reason = getattr(error, "strerror", None) or error
        raise ServerError(f"cannot listen on {settings.host}:{settings.port}: {reason}") from error
    return listener
