"""A listening TCP socket, or one clear sentence why not."""

from __future__ import annotations

import errno
import socket

from model import Refused


def listening_socket(host: str, port: int, option: str) -> socket.socket:
    """Bind and listen, without blocking; port 0 takes a free one. Raises `Refused` naming the port and the option."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio switches off Nagle's delay (40 ms an answer) on what is accepted.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise Refused(f"{_why(error, host, port)}. Stop what uses it, or choose another port with {option}.") from error
    listener.setblocking(False)
    return listener


def _why(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} in use on {host}"
    return f"port {port} on {host} cannot be opened: {error.strerror}"
