"""Which mails of a folder the server did not give out, beyond a session: what was found out is not lost with the connection.

A server that closes the connection at a mail may let nobody in again for a while. So the next session does not begin to look with
a whole batch again, and counts on for the one mail that is left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from adapters.email.network.wire import Listed

MOST = 1_000  # mails whose failures are counted


class Suspects:
    """The mails of one folder that may be the one; outlives its sessions."""

    def __init__(self) -> None:
        self.tries: Counter[int] = Counter()  # how often a mail was not given out when it was asked for alone
        self.retried: set[int] = set()  # mails in quarantine that were tried again, or were put there by this process
        self._uids: set[int] = set()
        self._validity = 0

    def of(self, validity: int) -> None:
        """Forget everything where the folder is another than before."""
        if validity != self._validity:
            self._validity = validity
            self._uids.clear()
            self.retried.clear()
            self.tries.clear()

    def failed(self, batch: Sequence[Listed]) -> None:
        """Keep in mind that one of these was not given out."""
        self._uids = {one.uid for one in batch}

    def refused(self, uid: int) -> int:
        """Count that a mail was not given out though it was asked for alone; return how often."""
        self.tries[uid] += 1
        while len(self.tries) > MOST:
            del self.tries[next(iter(self.tries))]
        return self.tries[uid]

    def passed(self, batch: Sequence[Listed]) -> None:
        """Forget mails that are done with."""
        for one in batch:
            self._uids.discard(one.uid)
            self.tries.pop(one.uid, None)

    def parts(self, batch: Sequence[Listed]) -> list[Sequence[Listed]]:
        """Return a batch in the parts that it is fetched in: those under suspicion in halves, and the others around them."""
        under = [place for place, one in enumerate(batch) if one.uid in self._uids]
        if not under or len(batch) == 1:
            return [batch]
        first, last = under[0], under[-1] + 1
        middle = (first + last) // 2
        return [part for part in (batch[:first], batch[first:middle], batch[middle:last], batch[last:]) if part]
