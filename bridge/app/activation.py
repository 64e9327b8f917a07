"""Listening sockets that systemd opened for us (sd_listen_fds(3)): with them a restart refuses no connection.

systemd holds the socket, and the kernel keeps the connections that nobody takes yet. The next process takes them.
The sockets are told once: the variables are removed, so that no child believes they are meant for it.
"""

from __future__ import annotations

import os
import socket
from collections.abc import MutableMapping

FIRST = 3  # the descriptor of the first socket, by sd_listen_fds(3)
VARIABLES = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")


class BadSocket(OSError):
    """What was passed is not a socket that we can listen on."""


def passed_sockets(env: MutableMapping[str, str] = os.environ, first: int = FIRST) -> list[socket.socket]:
    """Return the listening sockets that were passed to this process; none when it was started without.

    Raises BadSocket for a descriptor that is no listening stream socket: the socket's unit is wrong then.
    """
    given = {name: env.pop(name, "") for name in VARIABLES}
    if given["LISTEN_PID"] != str(os.getpid()) or not given["LISTEN_FDS"].isdecimal():
        return []
    return [_listening(descriptor) for descriptor in range(first, first + int(given["LISTEN_FDS"]))]


def address(found: socket.socket) -> str:
    """Return where a socket listens, as `http.listen` writes it."""
    name = found.getsockname()
    if found.family == socket.AF_UNIX:
        return str(name)
    host = f"[{name[0]}]" if found.family == socket.AF_INET6 else name[0]
    return f"{host}:{name[1]}"


def _listening(descriptor: int) -> socket.socket:
    os.set_inheritable(descriptor, False)
    try:
        found = socket.socket(fileno=descriptor)
    except OSError as error:
        raise BadSocket(f"descriptor {descriptor} is not a socket: {error.strerror}") from None
    if found.type != socket.SOCK_STREAM or not found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        found.close()
        raise BadSocket(f"descriptor {descriptor} is not a listening stream socket; use ListenStream= and Accept=no")
    return found
