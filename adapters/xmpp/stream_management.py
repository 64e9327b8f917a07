"""What was handled and what was acknowledged on one stream: stream management (XEP-0198). Pure.

The rule: a stanza counts as handled when it is durable, not when it was read. So when the daemon dies, the server knows what it
must keep; and when the link dies, what the server did not count is sent again on the resumed stream.
"""

from __future__ import annotations

from collections import deque

MODULUS = 1 << 32


class StreamManagement:
    """Counters of one session, which may live through several connections. `id` is what the server resumes by, "" = it cannot."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Know nothing, count nothing."""
        self.id = ""
        self.counting = False
        self._arrived = 0
        self._open: dict[int, None] = {}  # arrived, not handled; oldest first
        self._sent = 0
        self._acknowledged = 0
        self._unacknowledged: deque[tuple[int, str]] = deque()

    # -- in

    def arrive(self) -> int:
        """Count a stanza that came in; return its number for `handle`."""
        if not self.counting:
            return 0
        self._arrived += 1
        self._open[self._arrived] = None
        return self._arrived

    def handle(self, number: int) -> None:
        """Say that a stanza is durable, answered or of no importance."""
        self._open.pop(number, None)

    @property
    def handled(self) -> int:
        """How many may be acknowledged: all before the first that is still open."""
        first = next(iter(self._open), None)
        return (self._arrived if first is None else first - 1) % MODULUS

    # -- out

    def send(self, xml: str) -> int:
        """Count a stanza that goes out, and keep it until it is acknowledged; return its number."""
        self._sent += 1
        if self.counting:
            self._unacknowledged.append((self._sent, xml))
        return self._sent

    def acknowledge(self, count: int) -> None:
        """Take the server's word for how many it has. More than was sent is not believed."""
        gained = (count - self._acknowledged) % MODULUS
        if self._acknowledged + gained > self._sent:
            return
        self._acknowledged += gained
        while self._unacknowledged and self._unacknowledged[0][0] <= self._acknowledged:
            self._unacknowledged.popleft()

    def has(self, number: int) -> bool:
        """Whether the server acknowledged the stanza of that number."""
        return self._acknowledged >= number

    # -- another connection

    def begin(self) -> None:
        """Count from here: the server was just asked to."""
        self.reset()
        self.counting = True

    def resume(self, count: int) -> list[str]:
        """Go on after a break: what the server has is struck out, what it has not is returned to be sent again.

        What was open is forgotten: the server sends it once more.
        """
        self.acknowledge(count)
        self._arrived = self.handled
        self._open.clear()
        return [xml for _, xml in self._unacknowledged]
