"""One consortium as one process serves it: every part of its ring, wired once, in the order of the ring.

    channels -> inlet -> in -> partition (core) -> log -> follower -> replica, archive, inbox
        ^                          |
        +------- outlet <- out <---+

Nothing else knows two parts at once, so this file is where a newcomer sees who talks to whom.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import suppress
from functools import cached_property, partial
from pathlib import Path
from typing import Any, get_args

import structlog
from aiohttp import web

from bridge.account.access import AccountAccess
from bridge.app.channel_mounts import ChannelMounts
from bridge.app.config import ChannelConfig as ChannelConfig
from bridge.app.config import Config, convert
from bridge.app.practice_desk import with_practice
from bridge.app.reload import ChannelChange
from bridge.calls.rooms import CallDesk
from bridge.catalogue.search import Catalogues
from bridge.channels.channel import ChannelHealth as ChannelHealth
from bridge.channels.desk_status import DeskStatus, clock
from bridge.channels.inbound.inlet import IngestBatcher
from bridge.channels.memory import StoreMemory
from bridge.channels.outbound.removed_channels import refuse, removed
from bridge.channels.partner_desk import PartnerDesk
from bridge.channels.plugins import load
from bridge.channels.revocations import StoreRevocations
from bridge.channels.signals import ChannelSignals, SignalBoard
from bridge.channels.supervisor import ChannelRunner, ConfiguredChannel, Deliveries, Supervisor
from bridge.channels.transcript_text import plain
from bridge.contract.adapter import Adapter, Busy, Capabilities, Inlet, Ports
from bridge.contract.message import Delivery
from bridge.contract.sealed_token import derived_key
from bridge.core.lease import TTL_MS
from bridge.core.process import CoreJob, CoreProcess
from bridge.core.runner import CoreRunner, keep_beating
from bridge.faq.upkeep import FaqUpkeep
from bridge.files.store import FileStore
from bridge.hours.worker import HoursWorker
from bridge.inbox.services import ChannelFacts, InboxServices, PartnerChannel
from bridge.log.follower import Follower, Position
from bridge.log.lease_watch import LeaseWatch
from bridge.log.releases import Releases
from bridge.log.replica import Replica
from bridge.log.ring_watch import RingWatch, Trouble
from bridge.log.store_watch import StoreWatch
from bridge.log.traces import MessageTraces
from bridge.portal.library_page import ChatChannel
from bridge.portal.routes import PortalDesk
from bridge.privacy.erasure_worker import ErasureWorker
from bridge.privacy.own_data.links import OwnDataLinks
from bridge.privacy.own_data.pages import OwnDataDoor
from bridge.privacy.own_data.source import OwnDataSource
from bridge.push.answers import AnswerPush
from bridge.push.sending import PushSender
from bridge.push.server_key import ServerKey
from bridge.push.team_webhook import TeamWebhooks
from bridge.push.worker import PushWorker
from bridge.redis.store import Store, StoreError, last_of
from bridge.reporting.upkeep import ReportUpkeep
from bridge.runtime.health import DaemonHealth
from bridge.sql.archive import Archive
from bridge.sql.people.organisation import OrganisationStore
from bridge.sql.privacy.own_data import OwnDataReader
from bridge.sql.privacy.own_data_grants import TAKEN, OwnDataGrants
from bridge.sql.privacy.retention import DAY_MS, strictest
from bridge.sql.statistics.ways import ways_to_ask
from bridge.training.practice_channel import PracticeChannel
from bridge.training.scenario import MANNERS, Manners
from routing.state import State

log = structlog.get_logger("bridge.app.consortium")

REFRESH_S = 3_600.0
RESTART_S = 1.0
LOOK_S = 15.0
FORGET_S = 3_600.0
TAIL_S = 10.0
TAIL_LOOK_S = 0.05
SWEEP_S = 86_400.0
CATCH_UP_S = 300.0
HOUR_MS = 3_600_000


class Consortium:
    """The parts of one consortium; `open` wires them, `run` keeps them running."""

    def __init__(
        self,
        name: str,
        config: Config,
        archive: Archive,
        store: Store,
        *,
        files: FileStore,
        process: str,
        secret: bytes,
        sole: bool,
        releases: Releases,
        health: DaemonHealth | None = None,
        traces: MessageTraces | None = None,
    ) -> None:
        self.name = name
        self.store = store
        self.applications: dict[str, web.Application] = {}
        self.organisation: OrganisationStore = archive.organisation(name)
        self.hours = HoursWorker(archive.hours_calendars(name), self.organisation, config.hours.allow)
        self.gathering = IngestBatcher(store)
        self.follower = Follower(store)
        self.replica = Replica(store, self.follower)
        self.writer, self.tail, self.reader = archive.follow(store, self.follower, name)
        self.frontdesk = DeskStatus(self.replica)
        self.store_watch = StoreWatch(store)
        self.store_watch.on_change.append(self.frontdesk.store_changed)
        self.ring_watch = self._ring_watch()
        self.signs = SignalBoard(store)
        self.blobs = files
        self.retention = archive.retention(self.blobs)
        self._faq_upkeep = FaqUpkeep(archive, self._library_names, lambda: self.leases.core_held, config.hours.allow)
        self._reindexing = archive.reindexing
        self._on_duty: asyncio.Task[None] | None = None
        self._sole, self._archive, self._config = sole, archive, config
        self._secret, self._process = secret, process
        self.leases = LeaseWatch(store, name, process)
        self.memories: dict[str, StoreMemory] = {}
        self.releases = releases
        self._health = DaemonHealth()
        self._trace(traces)
        self.core: CoreRunner | CoreProcess | None = None
        self._begin_to_know(self._wanted(config))
        self.core = self._core(sole) if config.roles.core else None
        self.push, self.answers = self._push(config, archive)
        self.supervisor = self._supervisor()
        self.forgetting = self._forgetting(archive)
        self.reporting = self._reporting(config, archive)
        self.webhooks = self._team_webhooks(config, archive)
        self.services = self._services(health)

    @cached_property
    def own_data(self) -> OwnDataDoor:
        """The files of patrons' own data, and the links to them."""
        engine = self._archive.engine
        source = OwnDataSource(OwnDataReader(engine), lambda: self.replica.state, self.blobs)
        return OwnDataDoor(OwnDataLinks(OwnDataGrants(engine), self._secret, self.name), source)

    def _trace(self, traces: MessageTraces | None) -> None:
        """Let the parts say what becomes of messages; without `traces`, none of them does."""
        self.gathering.traces = self.writer.traces = self._traces = traces

    def _begin_to_know(self, channels: list[ConfiguredChannel]) -> None:
        """Make what holds facts of channels, for other parts to keep: `_know` fills it, again after each change."""
        self.channels: list[ConfiguredChannel] = []
        self.fanouts: list[str] = []
        self._channel_facts: dict[str, ChannelFacts] = {}
        self._partner_facts: dict[str, PartnerChannel] = {}
        self._practice: dict[Manners, PracticeChannel] = {}
        self._chats: list[ChatChannel] = []
        self._noticing: set[str] = set()  # channels whose patrons' browsers can be told of answers
        self._lease_tellers: dict[str, Callable[[], None]] = {}
        self._channels_changed = asyncio.Event()
        self._know(channels)

    def _supervisor(self) -> Supervisor:
        return Supervisor(
            self.store,
            self.gathering,
            [channel for channel in self.channels if self._served_here(channel)],
            self._ports,
            find=self.reader.find,
            sole=self._sole,
            process=self._process,
            worded=self.own_data.links.worded,
        )

    def _services(self, health: DaemonHealth | None) -> InboxServices:
        return InboxServices(
            store=self.store,
            store_watch=self.store_watch,
            ring_watch=self.ring_watch,
            gathering=self.gathering,
            follower=self.follower,
            replica=self.replica,
            tail=self.tail,
            reader=self.reader,
            archive=self._archive,
            organisation=self.organisation,
            hours=self.hours,
            push=self.push,
            webhooks=self.webhooks,
            staff_messages=self._archive.staff_messages(self.name),
            signs=self.signs,
            blobs=self.blobs,
            own_data=self.own_data,
            process=self._process,
            secret=self._secret,
            channels=self._channel_facts,
            public_url=self._config.http.public_url,
            catalogues=Catalogues(one for one in self._config.catalogues if one.consortium == self.name),
            accounts=AccountAccess(
                (one for one in self._config.accounts if one.consortium == self.name), self._is_open
            ),
            sign_on=self._config.sign_on,
            calls=self._config.calls,
            partners=self._partner_facts,
            practice=self._practice,
            health=health,
            leases=self.leases,
            releases=self.releases,
            channel_health=lambda: {name: one.health for name, one in self.supervisor.runners.items()},
        )

    def _is_open(self, conversation: str) -> bool:
        it = self.replica.state.conversations.get(conversation)
        return it is not None and it.state != "closed"

    def _push(self, config: Config, archive: Archive) -> tuple[PushWorker, AnswerPush]:
        """Return what pushes notices to librarians, and to patrons."""
        sender = PushSender(ServerKey(self._secret, config.push.contact), config.push.allow)
        librarians, patrons = archive.push_subscriptions(self.name), archive.patron_subscriptions(self.name)

        def leads() -> bool:
            return self.leases.core_here

        def offers(channel: str) -> bool:
            return channel in self._noticing

        push = PushWorker(librarians, archive.quiet_hours, sender, self.replica, leads)
        return push, AnswerPush(patrons, sender, self.replica, leads, offers)

    def _team_webhooks(self, config: Config, archive: Archive) -> TeamWebhooks:
        kept = archive.staff_webhooks(self.name)
        return TeamWebhooks(kept, self.replica, lambda: self.leases.core_here, config.push.allow)

    def _reporting(self, config: Config, archive: Archive) -> ReportUpkeep:
        """Return what keeps days and mails numbers; the process that holds a channel sends through it."""

        def here(channel: str) -> bool:
            found = self.supervisor.runners.get(channel)
            return (
                found is not None
                and found.health.state == "up"
                and "mail" in found.channel.adapter.capabilities.answers
            )

        return ReportUpkeep(
            archive,
            self.state,
            lambda: ways_to_ask({name: facts.kind for name, facts in self._channel_facts.items()}),
            lambda delivery: self.supervisor.runners[delivery.channel].adapter.send(delivery),
            here,
            lambda: self.leases.core_here,
            config.http.public_url,
        )

    def _forgetting(self, archive: Archive) -> ErasureWorker:
        return ErasureWorker(
            archive.erasures(self.name),
            self.store,
            self.gathering,
            replica=self.replica,
            follower=self.follower,
            writer=self.writer,
            tail=self.tail,
            retention=self.retention,
            channels=self._adapters,
            fanouts=self.fanouts,
            sole=self._sole,
        )

    def _ring_watch(self) -> RingWatch:
        followers = {
            "replica": lambda: self.replica.position.seq,
            "tail": lambda: self.tail.position.seq,
            "archive": lambda: self.writer.position.seq,
        }
        watch = RingWatch(self.store, self.store_watch, TTL_MS, followers, lambda: self.writer.trouble)
        watch.on_change.append(lambda: self.frontdesk.ring_changed(bool(watch.troubles.keys() & {"core", "log"})))
        return watch

    def _core(self, sole: bool) -> CoreRunner | CoreProcess:
        """Return what decides: here, or in a process of its own."""
        if self._config.one_process:
            return CoreRunner(self.store, self._process, sole=sole, fanout=self.fanouts, traces=self._traces)
        return CoreProcess(
            CoreJob(
                url=self.store.url,
                replicas=self._config.redis.replicas,
                consortium=self.name,
                process=self._process,
                sole=sole,
                fanout=self.fanouts,
                tracing=self._config.tracing,
                words=str(self._config.words or ""),
            )
        )

    def _served_here(self, channel: ConfiguredChannel) -> bool:
        return self._config.roles.serves(channel.name, everywhere=channel.adapter.capabilities.fanout)

    def state(self) -> State:
        """Return the core's state as this process holds it."""
        return self.replica.state

    @property
    def calls(self) -> CallDesk:
        """What calls need of this desk."""
        facts = self._channel_facts
        return CallDesk(
            consortium=self.name,
            config=self._config.calls,
            secret=self._secret,
            replica=self.replica,
            gathering=self.gathering,
            signs=self.signs,
            blobs=self.blobs,
            max_media=lambda channel: facts[channel].max_media if channel in facts else 0,
        )

    @property
    def portal(self) -> PortalDesk:
        """What the public pages of this consortium's libraries show."""
        return PortalDesk(
            state=self.state,
            desk=self.frontdesk.now,
            chats=self._chats,
            catalogues=self.services.catalogues,
        )

    def _adapters(self) -> Iterator[tuple[str, str, Adapter]]:
        return ((name, one.channel.kind, one.adapter) for name, one in self.supervisor.runners.items())

    async def run(self, health: DaemonHealth) -> None:
        """Keep everything running until cancelled; a part that fails is started again and said."""
        parts: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {
            "store watch": partial(self._watch_store, health),
            "ring watch": partial(self._watch_ring, health),
            "measuring": partial(self.ring_watch.measure, lambda: [channel.name for channel in self.channels]),
            "heartbeat": partial(keep_beating, self.store, self._process),
            "log": self.follower.run,
            "replica": self.replica.run,
            "tail": self.tail.run,
            "archive": self.writer.run,
            "leases": self.leases.run,
            "releases": self.releases.run,
            "front desk": self.frontdesk.run,
            "signals": self.signs.run,
            "accounts": self.services.accounts.run,
            "organisation": self._watch_organisation,
            "forgetting": self.forgetting.run,
            "memory": self._keep_memories,
            "reports": self.reporting.run,
        }
        if self.core is not None:
            parts["core"] = partial(self._decide, self.core)
            parts["search"] = self._reindexing.run
            parts["hours"] = partial(self.hours.run, self._tell_hours)
            parts["retention"] = self._forget_what_is_due
            parts["faq"] = self._faq_upkeep.run
            parts["push"] = self.push.run
            parts["answer notices"] = self.answers.run
            parts["team webhooks"] = self.webhooks.run
        if self._traces is not None:  # the pages hear first
            self.replica.on_entries.append(partial(self._traces.followed, told=self._config.roles.web))
        if self._sole:
            parts["former channels"] = self._refuse_for_former_channels
        self._health = health
        for runner in self.supervisor.runners.values():
            self._show_channel(runner)
        async with asyncio.TaskGroup() as group:
            for name, part in parts.items():
                group.create_task(kept(name, part), name=f"{name} of {self.name}")
            self._on_duty = group.create_task(kept("channels", self.supervisor.run), name=f"channels of {self.name}")
            group.create_task(self._announce(health))

    async def _watch_store(self, health: DaemonHealth) -> None:
        """Say how Redis is, until cancelled."""
        part = health.part(f"redis {self.name}")

        def tell(up: bool, why: str) -> None:
            part.up() if up else part.down(why)

        tell(self.store_watch.up, self.store_watch.why)
        self.store_watch.on_change.append(tell)
        try:
            await self.store_watch.run()
        finally:
            self.store_watch.on_change.remove(tell)

    async def _watch_ring(self, health: DaemonHealth) -> None:
        """Say what of the ring stands still, and where the core runs, until cancelled.

        While the core is away, or not heard of here, what people write is taken in and waits, and nobody hears of it: not ready.
        Without transcripts, chats go on.
        """
        parts = {name: health.part(f"{name} {self.name}", required=name != "transcripts") for name in get_args(Trouble)}

        def tell() -> None:
            for name, part in parts.items():
                if why := self._standing_still(name):
                    part.down(why)
                else:
                    part.up(self.leases.told() if name == "core" else "")

        tell()
        self.ring_watch.on_change.append(tell)
        self.leases.on_look.append(tell)
        try:
            await self.ring_watch.run()
        finally:
            self.ring_watch.on_change.remove(tell)
            self.leases.on_look.remove(tell)

    def _standing_still(self, part: Trouble) -> str:
        if part == "core" and not self.leases.core_held:
            return "no process runs it; one that has the role takes over within seconds"
        return self.ring_watch.troubles.get(part, "")

    async def _decide(self, core: CoreRunner | CoreProcess) -> None:
        """Run the core; another process may lead. Where no other process can take it over, its end is told at once."""
        await self.releases.may_lead(lambda: self.leases.core_held)
        try:
            await core.run()
        finally:
            if self._sole:
                self.ring_watch.core_ended()

    def _show_channel(self, runner: ChannelRunner) -> None:
        """Name a channel beside the parts; one that is down makes nothing else unready."""
        name = runner.channel.name
        part = self._health.part(f"channel {name}", required=False)
        part.down(runner.health.state)

        def tell(how: ChannelHealth) -> None:
            if how.state == "up":
                part.up(self.leases.told(name))
            else:
                held = self.leases.told(name) if how.state == "standby" else ""
                part.down(" ".join(filter(None, (how.state, how.reason, held))))

        runner.on_health = tell
        self._hide_channel(name)
        self._lease_tellers[name] = partial(tell, runner.health)
        self.leases.on_look.append(self._lease_tellers[name])

    def _hide_channel(self, name: str) -> None:
        if (teller := self._lease_tellers.pop(name, None)) is not None:
            self.leases.on_look.remove(teller)

    async def change_channels(self, config: Config, mounts: ChannelMounts) -> ChannelChange:
        """Run the channels that `config` names: those that changed begin again, the others go on.

        Raises Misconfigured or ConfigError with nothing changed.
        """
        wanted = self._wanted(config)
        before, now = ({one.name: one for one in channels} for channels in (self.channels, wanted))
        gone = sorted(before.keys() - now.keys())
        other = [one for one in wanted if before.get(one.name) != one]
        begun = [self.supervisor.made(one) for one in other if self._served_here(one)]
        change = ChannelChange(
            added=[one.name for one in other if one.name not in before],
            removed=gone,
            changed=[one.name for one in other if one.name in before],
        )
        for name in gone:
            mounts.drop(name)
        await self.supervisor.change([*gone, *change.changed], begun)
        self._know(wanted)
        for name in gone:
            self._hide_channel(name)
            self._health.drop(f"channel {name}")
        for runner in begun:
            self._show_channel(runner)
            await mounts.put(runner.channel.name, self.applications[runner.channel.name])
        return change

    def _wanted(self, config: Config) -> list[ConfiguredChannel]:
        """Return the channels that the configuration names, and those of practice. Raises Misconfigured, ConfigError."""
        return [_channel(each) for each in with_practice(config, self.name) if each.consortium == self.name]

    def _know(self, channels: list[ConfiguredChannel]) -> None:
        """Let the other parts know which channels there are."""
        self.channels = channels
        self._channel_facts.clear()
        self._channel_facts.update({one.name: _facts(one) for one in channels})
        self._partner_facts.clear()
        self._partner_facts.update(self._partner_channels())
        self._practice.clear()
        self._practice.update(self._practice_channels())
        self._chats[:] = [_chat(one) for one in channels if one.adapter.capabilities.chat_page]
        self._noticing = {one.name for one in channels if one.adapter.capabilities.notices}
        fanouts = [one.name for one in channels if one.adapter.capabilities.fanout]
        if fanouts != self.fanouts:
            self.fanouts[:] = fanouts
            if isinstance(self.core, CoreProcess):
                self.core.restart()  # it trims their streams
        self._channels_changed.set()

    async def _announce(self, health: DaemonHealth) -> None:
        part = health.part(f"desk {self.name}")
        await self.replica.ready.wait()
        part.up()

    async def tell_core(self) -> None:
        """Hand every library to the core; it ignores revisions that it has. Raises Busy."""
        libraries = await self.organisation.current()
        if libraries:
            await self.gathering.ingest(libraries)

    async def _watch_organisation(self) -> None:
        """Tell the core of the libraries when another process changed one, and of the openings ahead once more are to come.

        What the core holds decides, not how long this process runs: one that is started every day would never tell.
        """
        told: dict[str, int] = {}
        refreshed = -REFRESH_S
        await self.replica.ready.wait()
        while True:
            if time.monotonic() - refreshed >= REFRESH_S:
                refreshed = time.monotonic()
                await self.organisation.refresh(await self.organisation.outlived(self.replica.state.libraries))
            revisions = await self.organisation.revisions()
            if revisions != told:
                with suppress(Busy):  # the store is away: told at the next look
                    await self.tell_core()
                    told = revisions
            await asyncio.sleep(LOOK_S)

    async def _tell_hours(self) -> None:
        """Tell the core of the libraries whose calendars say other hours now."""
        if behind := await self.organisation.outlived(self.replica.state.libraries):
            with suppress(Busy):  # the store is away: told when `_watch_organisation` sees the new revision
                await self.gathering.ingest(await self.organisation.refresh(behind))

    async def _refuse_for_former_channels(self) -> None:
        """Refuse for channels that are no more, also for those that a reload takes away."""
        while True:
            self._channels_changed.clear()
            refusing = asyncio.create_task(self._refuse_for_those_gone())
            changed = asyncio.create_task(self._channels_changed.wait())
            try:
                await asyncio.wait((refusing, changed), return_when=asyncio.FIRST_COMPLETED)
            finally:
                changed.cancel()
                refusing.cancel()
                await asyncio.wait((refusing,))
            if not refusing.cancelled() and (error := refusing.exception()):
                raise error

    async def _refuse_for_those_gone(self) -> None:
        """Fail what is meant for channels that the desk knows and the configuration no more, and promise no answer by them."""
        await self.replica.ready.wait()
        former = self.replica.state.channels.keys() - {channel.name for channel in self.channels}
        with suppress(Busy):  # the store is away: the next daemon tells it
            await self.gathering.ingest([removed(self.replica.state.channels[name]) for name in sorted(former)])
        async with asyncio.TaskGroup() as group:
            for name in former:
                group.create_task(refuse(self.store, name), name=f"refusing for {name}")
            await asyncio.Event().wait()

    async def _library_names(self) -> list[str]:
        return [entry.library.id for entry in await self.organisation.entries()]

    async def _forget_what_is_due(self) -> None:
        """Once an hour, forget the transcripts whose library keeps them no longer, and the faulted inputs that are as old."""
        while True:
            libraries = [entry.library for entry in await self.organisation.entries(removed=True)]
            days = {one.id: one.retention_days for one in libraries}
            await self.retention.sweep(days, clock())
            staff_days = {one.id: one.staff_retention_days or one.retention_days for one in libraries}
            await self.retention.sweep_staff(self.services.staff_messages, staff_days, clock())
            if kept := strictest(days):
                with suppress(StoreError):  # the store is away: an hour later
                    await self.store.trim_dead(await self.store.now() - kept * DAY_MS)
            await asyncio.sleep(FORGET_S)

    async def _keep_memories(self) -> None:
        """Move what an earlier version kept on this host's disk, also of channels that another host holds. Then drop, once an hour,
        what channels are to remember no longer."""
        left = list(self.memories.values())
        while left:
            try:
                await left[-1].begin()
                left.pop()
            except Busy:
                await asyncio.sleep(RESTART_S)
        while True:
            for memory in list(self.memories.values()):
                with suppress(Busy):  # the store is away: an hour later
                    await memory.expire()
            await asyncio.sleep(FORGET_S)

    async def caught_up(self) -> bool:
        """Whether the archive has, within some minutes, all that was handed in an hour ago or earlier."""
        head = await self.store.head()
        waiting = await self.store.read_inputs(head.last_input, count=1)
        if waiting and waiting[0].at < await self.store.now() - HOUR_MS:
            return False
        with suppress(TimeoutError):
            async with asyncio.timeout(CATCH_UP_S):
                await self.writer.reached(Position(head.epoch, head.seq))
        return self.writer.position.seq >= head.seq

    async def _say_good_bye(self, _: web.Application) -> None:
        """End the channels while their sockets still stand, so that people are told: afterwards the server cuts them."""
        if self._on_duty is not None and not self._on_duty.done():
            self._on_duty.cancel()
            await asyncio.wait([self._on_duty])

    async def close(self) -> None:
        """Drop the store."""
        await self.releases.leave()
        await self.gathering.close()
        await self.store.close()

    def _ports(self, channel: ConfiguredChannel, inlet: Inlet, deliveries: Deliveries | None) -> Ports:
        """Return all that one adapter gets."""
        name = channel.name
        application = self.applications[name] = web.Application()
        application.on_shutdown.append(self._say_good_bye)
        folder: Path = self._config.data / "channels" / name  # of earlier versions
        kinds = channel.adapter.capabilities.remembers
        self.memories[name] = StoreMemory(self.store, name, kinds, folder)

        async def history(sender: str, after: str) -> Sequence[Any]:
            if not await self._tail_started():
                raise Busy("the transcripts cannot be read yet")
            try:
                return await self.reader.patron_history(name, sender, after)
            except StoreError as error:
                raise Busy(f"the transcripts cannot be read now ({type(error).__name__})") from error

        return Ports(
            channel=name,
            inlet=inlet,
            history=history,
            desk=lambda sender: self.frontdesk.watch(name, sender),
            find=self.reader.find,
            signals=ChannelSignals(self.signs, name, typing=channel.adapter.capabilities.typing),
            blobs=self.blobs,
            routes=application.router,
            memory=self.memories[name],
            public_url=self._config.http.public_url,
            secret=derived_key(self._secret, f"channel {name}"),
            deliveries=self._after_history(deliveries) if deliveries is not None else None,
            process=self._process,
            own_data=partial(self._own_data, name) if channel.adapter.capabilities.own_data else None,
            transcript=self._transcript if channel.adapter.capabilities.transcripts else None,
            revocations=StoreRevocations(self.store, name),
            partners=self._partner_desk(name) if channel.adapter.capabilities.partners else None,
            answer_notices=self.answers.of(name) if channel.adapter.capabilities.notices else None,
        )

    def _practice_channels(self) -> dict[Manners, PracticeChannel]:
        """Return where staff practise, by the manners of the patron."""
        kinds = {f"practice-{manners}": manners for manners in MANNERS}
        return {
            kinds[one.kind]: PracticeChannel(
                one.name,
                kinds[one.kind],
                StoreMemory(self.store, one.name, one.adapter.capabilities.remembers),
                self.signs,
            )
            for one in self.channels
            if one.kind in kinds
        }

    def _partner_channels(self) -> dict[str, PartnerChannel]:
        return {
            each.name: PartnerChannel(
                book=self._archive.partners(each.name, self.name),
                address=partner_address(each.name, each.config, self._config),
                queue=each.queue,
            )
            for each in self.channels
            if each.adapter.capabilities.partners
        }

    def _partner_desk(self, channel: str) -> PartnerDesk:
        async def caught_up() -> None:
            seq = (await self.store.head()).seq
            await self._tail_at(seq)
            for _ in range(round(TAIL_S / TAIL_LOOK_S)):
                if self.replica.position.seq >= seq:
                    return
                await asyncio.sleep(TAIL_LOOK_S)
            raise TimeoutError

        return PartnerDesk(
            channel,
            self._archive.partners(channel, self.name),
            replica=self.replica,
            reader=self.reader,
            status=self.frontdesk,
            caught_up=caught_up,
        )

    def _after_history(self, deliveries: Deliveries) -> Deliveries:
        """Return `deliveries` that begin, where no entry is named, with the first that history may not tell yet.

        So a patron who comes while the log is still being read here misses nothing that was put out meanwhile.
        """

        async def since(after: str) -> AsyncIterator[tuple[str, Delivery]]:
            if not after and await self._tail_started():
                after = last_of(self.tail.position.seq)
            found = deliveries(after)
            try:
                async for each in found:
                    yield each
            finally:
                if isinstance(found, AsyncGenerator):
                    await found.aclose()

        return since

    async def _transcript(self, delivery: Delivery) -> str:
        """Return the words that a mailed transcript is to carry, all that was said before it was asked for. Raises Busy."""
        channel, _, address = delivery.about.partition("|")
        try:
            await self._tail_at((await self.store.head()).seq)
            lines = await self.reader.patron_view(delivery.conversation, channel, address)
        except Exception as error:  # the store or the archive is away: it can wait
            raise Busy(f"the transcripts cannot be read now ({type(error).__name__})") from error
        it = self.replica.state.conversations.get(delivery.conversation)
        return plain(lines, self.replica.state.roster.library(it.library if it is not None else ""))

    async def _own_data(self, channel: str, sender: str, language: str) -> AsyncIterator[bytes]:
        """Yield the file of what is kept of a patron whom the channel knows; the audit says that it was fetched. Raises Busy."""
        try:
            package = await self.own_data.source.at_address(channel, sender, asked=language)
            for one in package.contents.held:
                await self._archive.access_audit.record("", one.id, TAKEN)
        except Exception as error:  # the archive is away: it can wait
            raise Busy(f"the archive cannot be read now ({type(error).__name__})") from error
        async for chunk in package.chunks():
            yield chunk

    async def _tail_at(self, seq: int) -> None:
        """Wait until the log is read here up to an entry. Raises TimeoutError."""
        for _ in range(round(TAIL_S / TAIL_LOOK_S)):
            if self.tail.started.is_set() and self.tail.position.seq >= seq:
                return
            await asyncio.sleep(TAIL_LOOK_S)
        raise TimeoutError

    async def _tail_started(self) -> bool:
        """Wait until the log is read here from where the archive is; False when that takes too long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(TAIL_S):
                await self.tail.started.wait()
        return self.tail.started.is_set()


async def tend_files(desks: Sequence[Consortium]) -> None:
    """Once a day, remove the files that no transcript shows, until cancelled. All desks share one store, so none may lag."""
    while True:
        try:
            due = all([await desk.caught_up() for desk in desks])
            if due:
                await desks[0].retention.sweep_files(clock())
        except Exception:
            log.exception("files were not looked through")
            due = False
        await asyncio.sleep(SWEEP_S if due else FORGET_S)


async def kept(name: str, part: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a part for ever: what it raises is a bug or a long absence, and is said; the others go on meanwhile."""
    while True:
        try:
            await part()
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("a part failed and is started again", part=name)
        await asyncio.sleep(RESTART_S)


def _channel(config: ChannelConfig) -> ConfiguredChannel:
    """Return a configured channel ready to run. Raises Misconfigured, ConfigError."""
    adapter = load(config.kind)
    return ConfiguredChannel(
        name=config.name,
        kind=config.kind,
        queue=config.queue,
        adapter=adapter,
        config=convert(config.settings, adapter.Config, config.name),
    )


def partner_address(channel: str, config: Any, whole: Config) -> str:
    """Return where partners reach a channel of ours."""
    return str(getattr(config, "address", "")) or f"{whole.http.public_url.rstrip('/')}/channels/{channel}/"


def _chat(channel: ConfiguredChannel) -> ChatChannel:
    """Return where patrons write on a channel's own page."""
    can: Capabilities = channel.adapter.capabilities
    below = f"/channels/{channel.name}/"
    return ChatChannel(channel.name, channel.queue, below + can.chat_page, below + can.launcher if can.launcher else "")


def _facts(channel: ConfiguredChannel) -> ChannelFacts:
    can: Capabilities = channel.adapter.capabilities
    return ChannelFacts(
        kind=channel.kind,
        max_text=can.max_text,
        max_media=can.max_media,
        typing=can.typing,
        segments=can.segments,
        remembers=tuple(kind.name for kind in can.remembers),
        formatting=can.formatting,
        mails="mail" in can.answers,
        plain=can.segments and bool(getattr(channel.config, "plain", False)),
    )
