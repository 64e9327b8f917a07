"""All that the daemon gives the inbox, in one place, so that the inbox opens, starts and looks up nothing by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bridge.account.access import AccountAccess
from bridge.calls.settings import CallsConfig
from bridge.catalogue.search import Catalogues
from bridge.channels.channel import ChannelHealth
from bridge.channels.inbound.inlet import IngestBatcher
from bridge.channels.signals import SignalBoard
from bridge.contract.adapter import Blobs
from bridge.hours.worker import HoursWorker
from bridge.inbox.http.rate_limits import InboxLimits
from bridge.log.follower import Follower
from bridge.log.lease_watch import LeaseWatch
from bridge.log.releases import Releases
from bridge.log.replica import Replica
from bridge.log.ring_watch import RingWatch
from bridge.log.store_watch import StoreWatch
from bridge.log.tail import Tail
from bridge.privacy.own_data.pages import OwnDataDoor
from bridge.push.team_webhook import TeamWebhooks
from bridge.push.worker import PushWorker
from bridge.redis.store import Store
from bridge.runtime.health import DaemonHealth
from bridge.sign_on.settings import SignOnSettings
from bridge.sql.archive import Archive
from bridge.sql.people.organisation import OrganisationStore
from bridge.sql.people.partners import Partners
from bridge.sql.people.staff_messages import StaffMessages
from bridge.sql.transcripts.reader import Reader
from bridge.training.practice_channel import PracticeChannel
from bridge.training.scenario import Manners

MAX_UPLOAD = 10 * 1024 * 1024
MERGED = 5  # conversations that share one timeline with another


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelFacts:
    """What a page must know of a channel to write to it; from its adapter's capabilities. 0 = no limit.

    `remembers`: the kinds of rows that the channel keeps (bridge.contract.memory). `mails`: it carries words to mail addresses."""

    kind: str
    max_text: int = 0
    max_media: int = 0
    typing: bool = False
    segments: bool = False
    plain: bool = False
    formatting: bool = False
    remembers: tuple[str, ...] = ()
    mails: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerChannel:
    """A channel to partner deployments: who they are, the address at which they reach us, and the queue in which we help them."""

    book: Partners
    address: str
    queue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxServices:
    """One consortium's desk as a web process serves it.

    Some fields:
        channel_health  the channels that this process serves
        process     the name under which this process renews its heartbeat
        secret      32 bytes, the same in every process, for signing tickets
        public_url  what people type, "" = the host that a request names
    """

    store: Store
    store_watch: StoreWatch
    ring_watch: RingWatch
    gathering: IngestBatcher
    follower: Follower
    replica: Replica
    tail: Tail
    reader: Reader
    archive: Archive
    organisation: OrganisationStore
    hours: HoursWorker
    push: PushWorker
    webhooks: TeamWebhooks
    staff_messages: StaffMessages
    signs: SignalBoard
    blobs: Blobs
    own_data: OwnDataDoor
    process: str
    secret: bytes
    channels: Mapping[str, ChannelFacts] = field(default_factory=dict)
    partners: Mapping[str, PartnerChannel] = field(default_factory=dict)
    practice: Mapping[Manners, PracticeChannel] = field(default_factory=dict)
    catalogues: Catalogues = field(default_factory=Catalogues)
    accounts: AccountAccess = field(default_factory=AccountAccess)
    health: DaemonHealth | None = None
    leases: LeaseWatch | None = None
    releases: Releases | None = None
    channel_health: Callable[[], Mapping[str, ChannelHealth]] = dict
    limits: InboxLimits = field(default_factory=InboxLimits)
    public_url: str = ""
    calls: CallsConfig = field(default_factory=CallsConfig)
    sign_on: SignOnSettings = field(default_factory=SignOnSettings)
    answer_s: float = 5.0  # how long an action waits for what it brings about
    ping_s: float = 15.0
    dead_s: float = 40.0
