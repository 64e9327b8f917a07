"""The streams of slixmpp. They report to their owner: that we are signed in, or why not, and every stanza that is ours."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol
from xml.etree.ElementTree import Element

from slixmpp import ClientXMPP, ComponentXMPP
from slixmpp.plugins.xep_0198.stanza import StreamManagement
from slixmpp.stanza import StreamFeatures
from slixmpp.xmlstream import register_stanza_plugin

from adapters.xmpp.config import ComponentConfig, XmppConfig
from adapters.xmpp.jid import SM, STREAMS, split
from bridge.contract.adapter import BadCredentials, Misconfigured, Unavailable

logging.getLogger("slixmpp").setLevel(logging.CRITICAL + 1)  # it logs stanzas: people's words and addresses
register_stanza_plugin(StreamFeatures, StreamManagement)

REFUSALS = frozenset({"not-authorized", "invalid-authzid", "account-disabled", "credentials-expired", "bad-auth"})
SHOW_LONG = 200


class StreamLost(ConnectionError):
    """The stream ended; what was under way may or may not have arrived."""


class StanzaRefused(Exception):
    """The other side answered with an error; `condition` as in RFC 6120, 8.3.3."""

    def __init__(self, condition: str, words: str = "") -> None:
        super().__init__(condition)
        self.condition = condition
        self.words = words


class StreamOwner(Protocol):
    """What a stream reports to: the connection that opened it."""

    own: str

    def established(self) -> None:
        """The session is established."""

    def ended(self) -> None:
        """The connection is closed."""

    def fail(self, error: Exception) -> None:
        """The stream is over."""

    def take(self, stanza: Element) -> None:
        """Take a stanza of an established session."""

    def managed(self, element: Element) -> None:
        """Take a count, or a question for our count, of stream management."""

    def answered(self, element: Element) -> None:
        """Take the answer to `manage`."""

    async def manage(self, bound: bool) -> bool:
        """Ask the server to resume the session before, or to count from here. True when it resumed."""


class _Events:
    """The events that both kinds of stream report to their owner."""

    owner: StreamOwner
    refusal: str
    is_established: bool

    def watch(self, stream: Any) -> None:
        """Listen to slixmpp's events."""
        for name, heard in (
            ("disconnected", self._disconnected),
            ("connection_failed", self._not_connected),
            ("stream_error", self._stream_error),
            ("failed_auth", self._refused),
            ("failed_all_auth", self._all_refused),
            ("no_auth", self._no_way),
            ("ssl_invalid_chain", self._not_trusted),
        ):
            stream.add_event_handler(name, heard)

    def _disconnected(self, why: Any) -> None:
        self.owner.ended()
        self.owner.fail(self._why() or Unavailable("the server closed the connection"))

    def _not_connected(self, why: Any) -> None:
        self.refusal = self.refusal or str(why)[:SHOW_LONG]

    def _stream_error(self, error: Any) -> None:
        self.refusal = str(error["condition"])

    def _refused(self, failure: Any) -> None:
        self.refusal = str(failure["condition"])

    def _all_refused(self, _: Any) -> None:
        if self.refusal in REFUSALS:
            self.owner.fail(BadCredentials("the server refuses this address and password"))
        self.owner.fail(Unavailable(f"the server does not sign us in now ({self.refusal})"))

    def _no_way(self, _: Any) -> None:
        self.owner.fail(Misconfigured("the server offers no way to sign in that keeps the password safe"))

    def _not_trusted(self, error: Any) -> None:
        self.owner.fail(Unavailable(f"the server's certificate is not trusted: {str(error)[:SHOW_LONG]}"))

    def _why(self) -> Exception | None:
        match self.refusal:
            case "":
                return None
            case "not-authorized":
                return BadCredentials("the server refuses the component's secret")
            case "host-unknown":
                return Misconfigured("the server does not know this domain")
            case condition:
                return Unavailable(f"the server ended the session ({condition})")


class AccountStream(ClientXMPP, _Events):
    """A client's stream."""

    def __init__(self, config: XmppConfig, owner: StreamOwner) -> None:
        super().__init__(config.full, config.password, ssl_context=config.tls())
        self.owner, self.refusal, self.is_established = owner, "", False
        self.where = config.where
        self.enable_direct_tls = config.security == "tls"
        self.enable_starttls = config.security == "starttls"
        self.enable_plaintext = config.security == "none"
        self.use_aiodns = config.where is None
        if config.security == "none":
            self.plugin["feature_mechanisms"].unencrypted_scram = True
            self.plugin["feature_mechanisms"].unencrypted_plain = True
        self.register_feature("sm", self._manage, restart=True, order=9000)
        self.register_feature("sm", self._manage, restart=True, order=10100)
        self.watch(self)
        self.add_event_handler("stream_negotiated", self._negotiated)

    def begin(self) -> None:
        """Start connecting."""
        self.connect(*(self.where or (None, None)))

    async def stop_filters(self) -> None:
        """Stop what slixmpp leaves running."""
        await _stopped(self)

    async def _manage(self, _: Any) -> bool:
        if self.is_established:
            return False
        try:
            resumed = await self.owner.manage("bind" in self.features)
        except StreamLost:
            return True
        if resumed:
            self.is_established = True
            self.owner.own = self.requested_jid.bare
        return resumed

    def _negotiated(self, _: Any) -> None:
        if "bind" in self.features:
            self.is_established = True
            self.owner.own = self.boundjid.bare
            self.owner.established()

    def _spawn_event(self, xml: Element) -> None:
        _sorted(self, xml, super()._spawn_event)

    def reschedule_connection_attempt(self) -> None:
        """Never: the supervisor tries again."""
        self.owner.fail(Unavailable(f"the server cannot be reached: {self.refusal}"))

    def exception(self, exception: Exception) -> None:
        """Take what a callback of slixmpp raised."""
        self.owner.fail(exception)


class Component(ComponentXMPP, _Events):
    """A component's stream."""

    def __init__(self, config: ComponentConfig, owner: StreamOwner) -> None:
        super().__init__(config.domain, config.secret, config.host, config.port)  # type: ignore[no-untyped-call]  # slixmpp's
        self.owner, self.refusal, self.is_established = owner, "", False
        self.use_aiodns = False
        self.enable_direct_tls = False
        self.watch(self)
        self.add_event_handler("session_start", self._started)

    def begin(self) -> None:
        """Start connecting."""
        self.connect()

    async def stop_filters(self) -> None:
        """Stop what slixmpp leaves running."""
        await _stopped(self)

    def _started(self, _: Any) -> None:
        self.is_established = True
        self.owner.own = self.boundjid.bare
        self.owner.established()

    def _spawn_event(self, xml: Element) -> None:
        _sorted(self, xml, super()._spawn_event)

    def reschedule_connection_attempt(self) -> None:
        """Never: the supervisor tries again."""
        self.owner.fail(Unavailable(f"the server cannot be reached: {self.refusal}"))

    def exception(self, exception: Exception) -> None:
        """Take what a callback of slixmpp raised."""
        self.owner.fail(exception)


def _sorted(stream: AccountStream | Component, xml: Element, theirs: Callable[[Element], None]) -> None:
    """Give the owner what is ours: stanzas of an established session, and stream management."""
    space, name = split(xml.tag)
    if space == SM and name in ("enabled", "resumed", "failed"):
        stream.owner.answered(xml)
        if name == "resumed":
            stream.is_established = True  # what the old session still holds comes right behind
    elif space == SM:
        with suppress(StreamLost):
            stream.owner.managed(xml)
    elif stream.is_established and space in STREAMS and name in ("message", "presence", "iq"):
        stream.owner.take(xml)
    else:
        theirs(xml)


async def _stopped(stream: AccountStream | Component) -> None:
    running = stream._run_out_filters
    stream._run_out_filters = None
    if isinstance(running, asyncio.Task):
        running.cancel()
        await asyncio.wait([running])
