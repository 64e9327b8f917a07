"""Names of a consortium's streams and keys in Redis.

All keys of one consortium carry its hash tag. So they live in one slot of a Redis Cluster, and one call can change several of them
at once. Many consortia spread over a cluster.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one consortium."""

    consortium: str
    prefix: str = field(init=False)

    def __post_init__(self) -> None:
        if not self.consortium or any(c in self.consortium for c in "{}:| \n"):
            raise ValueError(f"not a consortium name: {self.consortium!r}")
        object.__setattr__(self, "prefix", f"db:{{{self.consortium}}}:")

    @property
    def inputs(self) -> str:
        """Stream of inputs, one entry a batch."""
        return self.prefix + "in"

    @property
    def seen(self) -> tuple[str, str]:
        """The two sets of source keys; they change places every week."""
        return self.prefix + "seen:0", self.prefix + "seen:1"

    @property
    def log(self) -> str:
        """Stream of committed entries `<seq>-0`: the truth."""
        return self.prefix + "log"

    @property
    def head(self) -> str:
        """`<seq>:<epoch>:<last input id>` of the last commit; survives trimming of the log."""
        return self.prefix + "head"

    @property
    def snapshot(self) -> str:
        """Newest snapshot; the one before it is at `snapshot_before`."""
        return self.prefix + "snap"

    @property
    def snapshot_before(self) -> str:
        """The snapshot before the newest."""
        return self.prefix + "snap:prev"

    @property
    def snapshot_next(self) -> str:
        """A snapshot that is being written."""
        return self.prefix + "snap:next"

    @property
    def lease(self) -> str:
        """The lease of the process that runs the core."""
        return self.prefix + "lease"

    @property
    def dead(self) -> str:
        """Stream of faulted inputs and given-up deliveries."""
        return self.prefix + "dead"

    @property
    def barrier(self) -> str:
        """Key written before WAIT, so that the answer proves something."""
        return self.prefix + "barrier"

    @property
    def signals(self) -> str:
        """Publish/subscribe channel of signs that are never stored."""
        return self.prefix + "signals"

    def revoked(self, channel: str) -> str:
        """Sorted set of what a channel has revoked, by the ms at which it did."""
        return f"{self.prefix}revoked:{channel}"

    def remembered(self, channel: str, kind: str) -> tuple[str, str]:
        """Hash of the rows of one kind that a channel remembers, and sorted set of their times in ms."""
        return f"{self.prefix}mem:{channel}:{kind}", f"{self.prefix}mem:{channel}:{kind}:at"

    def cursor(self, channel: str) -> str:
        """Hash of a channel's resume cursors."""
        return f"{self.prefix}cur:{channel}"

    def out(self, channel: str) -> str:
        """Stream of a channel's deliveries."""
        return f"{self.prefix}out:{channel}"

    def left(self, channel: str) -> str:
        """Hash of marks, by seq and pack: which deliveries of an out entry are settled."""
        return f"{self.prefix}left:{channel}"

    def attempts(self, channel: str) -> str:
        """Hash of submissions begun and not yet settled, by delivery id."""
        return f"{self.prefix}try:{channel}"

    def channel_lease(self, channel: str) -> str:
        """The lease of the process that drains or holds a channel."""
        return f"{self.prefix}lease:{channel}"

    @property
    def holders(self) -> str:
        """Hash of records for people: who holds each lease, by channel; the core's is ""."""
        return self.prefix + "holders"

    @property
    def processes(self) -> str:
        """Hash of daemons, by process: host, release, roles, and the words of the streams that they read."""
        return self.prefix + "processes"

    @property
    def spoken(self) -> str:
        """Hash of the words that cores may have written to the streams, and the release that was the first to."""
        return self.prefix + "spoken"

    @property
    def live(self) -> str:
        """Sorted set of processes by the ms at which their heartbeat expires."""
        return self.prefix + "live"

    @property
    def followers(self) -> str:
        """Hash of durable followers and how far each has committed."""
        return self.prefix + "follow"
