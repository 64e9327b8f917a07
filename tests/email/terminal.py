"""A terminal program driven by keys: in a pseudo-terminal of its own, ended by its process group."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path


def run(command: Sequence[str], folder: Path, environment: Mapping[str, str], within: float = 60.0) -> str:
    """Run a full-screen program to its end; return what it showed. Raises AssertionError when it does not end."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    process = subprocess.Popen(
        command, stdin=slave, stdout=slave, stderr=slave, cwd=folder, start_new_session=True,
        env={"PATH": "/usr/bin:/bin", "TERM": "xterm", "LANG": "C.UTF-8", "HOME": str(folder), **environment},
    )  # fmt: skip
    os.close(slave)
    shown = bytearray()
    deadline = time.monotonic() + within
    try:
        while process.poll() is None:
            assert time.monotonic() < deadline, f"{command[0]} does not end: {bytes(shown[-3000:])!r}"
            if select.select([master], [], [], 0.1)[0]:
                with contextlib.suppress(OSError):
                    shown += os.read(master, 65536)
        return shown.decode("utf-8", "replace")
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(30)
        os.close(master)
