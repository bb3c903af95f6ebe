"""Closes every address but this machine's own; on PYTHONPATH it also does so in the processes that tests start."""

import os
import sys

_OPEN = ("127.", "::1", "localhost", "0.0.0.0")  # the last: every address of this machine, to listen at
_HOST_ARGUMENT = {
    "socket.connect": 1,
    "socket.sendto": 1,
    "socket.getaddrinfo": 0,
    "socket.gethostbyname": 0,
}


def _refuse_the_network(event: str, arguments: tuple) -> None:
    if event not in _HOST_ARGUMENT:
        return
    address = arguments[_HOST_ARGUMENT[event]]
    host = address[0] if isinstance(address, tuple) else address
    if event in ("socket.connect", "socket.sendto") and not isinstance(address, tuple):
        return  # a Unix socket's path
    host = host.decode() if isinstance(host, bytes) else host
    if host and not host.startswith(_OPEN) and host != os.uname().nodename:
        message = f"tests never leave this machine: {event} to {host!r}"
        raise RuntimeError(message)


# Unlike a patched socket class, an audit hook also sees what C code connects.
sys.addaudithook(_refuse_the_network)
