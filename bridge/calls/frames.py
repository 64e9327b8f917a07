"""The frames between a call's page and the desk: JSON objects tagged `t`, one a WebSocket message. Pure.

    page -> desk    enter (first)  accept  refuse  signal  using  ice  end
    desk -> page    offered  inside  here  signal  ice  over

`signal` is what the two browsers tell each other to find a way (descriptions and candidates of RFC 9429): the sender's text, which
is handed to the other side unread and kept nowhere.
"""

from __future__ import annotations

from typing import Annotated, Literal, dataclass_transform

import msgspec
from msgspec import Meta

from bridge.calls.links import CallSide
from bridge.contract.message import CallKind

MAX_SIGNAL = 48 * 1024
MAX_CALL_FRAME = 2 * MAX_SIGNAL


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class CallFrame(msgspec.Struct, tag_field="t", frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Base of all frames."""


class Enter(CallFrame, tag="enter"):
    """Let me in with this pass."""

    token: Annotated[str, Meta(max_length=400)]


class AcceptCall(CallFrame, tag="accept"):
    """I take the call."""


class RefuseCall(CallFrame, tag="refuse"):
    """I don't."""


class PeerSignal(CallFrame, tag="signal"):
    """Words of one browser for the other."""

    text: Annotated[str, Meta(max_length=MAX_SIGNAL)]


class Using(CallFrame, tag="using"):
    """What I show and say from now on."""

    kinds: Annotated[tuple[CallKind, ...], Meta(max_length=4)]


class Ice(CallFrame, tag="ice"):
    """Tell me a password of the TURN server again; the answer."""

    servers: tuple[IceServer, ...] = ()


class EndCall(CallFrame, tag="end"):
    """It is over."""


class IceServer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A server as browsers are told of it (RTCIceServer)."""

    urls: tuple[str, ...]
    username: str
    credential: str


class OfferedCall(CallFrame, tag="offered"):
    """A call is offered to you, until `until` (ms by the desk's clock, `now` is its time)."""

    library: str
    librarian: str
    language: str
    accent: str
    kinds: tuple[CallKind, ...]
    until: int
    now: int


class Inside(CallFrame, tag="inside"):
    """You are in. `token` lets this window in again; `name` is who is on the other side; `polite`: you give way."""

    token: str
    side: CallSide
    name: str
    library: str
    language: str
    accent: str
    kinds: tuple[CallKind, ...]
    servers: tuple[IceServer, ...]
    relay_only: bool
    files: bool


class PeerHere(CallFrame, tag="here"):
    """The other side came, or has gone."""

    here: bool


class Over(CallFrame, tag="over"):
    """There is no such call any more, or it is not yours."""

    reason: Literal["over", "used", "elsewhere", "busy"]


PageFrame = Enter | AcceptCall | RefuseCall | PeerSignal | Using | Ice | EndCall
decoder: msgspec.json.Decoder[PageFrame] = msgspec.json.Decoder(PageFrame)
encode = msgspec.json.Encoder().encode


class SideWord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What a process tells the others about a side of a call, by publish and subscribe.

    what    came | gone | signal | using; `window` names the socket that says it: it is no news to itself
    """

    what: Literal["came", "gone", "signal", "using"]
    window: str
    text: str = ""
    kinds: tuple[CallKind, ...] = ()
    answers: bool = False  # to a "came": it is not answered again
    n: int = 0


word_decoder = msgspec.json.Decoder(SideWord)
