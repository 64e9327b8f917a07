"""What the daemon answers to each frame of a browser, whichever way it came.

The rules: a message is acknowledged only after it is durable; one that cannot be taken is refused with a code and a time to
come again, and never dropped in silence. A patron may only ever speak for themselves: the token says who they are.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import ceil
from typing import Literal

import msgspec

from adapters.webchat import tokens
from adapters.webchat.admission import Admission
from adapters.webchat.aside import read_rating, read_wish
from adapters.webchat.audience import Audience, Peer, SocketPeer
from adapters.webchat.codec import (
    CONTROLS,
    Ack,
    ClientFrame,
    ClientHello,
    ClientPing,
    DeclineCall,
    EndChat,
    Error,
    FrameRefused,
    Helped,
    Lines,
    MailIt,
    PatronLine,
    PatronTyping,
    Post,
    SeenLines,
    ServerPong,
    TokenFrame,
    Welcome,
    encode,
    file_ref,
    guessed_id,
    history_line,
    read_frame,
    read_post,
)
from adapters.webchat.desks import Desks
from adapters.webchat.form import with_form
from adapters.webchat.limits import MAX_FRAME, Door
from bridge.contract.adapter import Busy, HistoryLine, Ports, Signal
from bridge.contract.message import Message, Rating

BUSY_S = 5.0  # come again after
HELLO_S = 20.0  # patience for a place in the queue after a hello
TYPING_S = 2.0  # one sign of typing in this time
PREVIEW_S = 1.0  # one preview of what is typed in this time
ECHO_S, ECHO_LOOK_S = 10.0, 0.2  # for how long a message is looked for that came by another way, and how often
PAGE = 200  # lines of history in one frame, and characters
PAGE_TEXT = 64_000


def wall_ms() -> int:
    """Return the time for people: ms since the epoch."""
    return time.time_ns() // 1_000_000


def tenths(seconds: float) -> float:
    """Round a wait up to tenths of a second."""
    return ceil(seconds * 10) / 10


def pages(lines: Sequence[PatronLine], empty: bool) -> list[tuple[PatronLine, ...]]:
    """Cut lines into frames of a bearable size; where there are none, one empty frame if `empty`."""
    found: list[tuple[PatronLine, ...]] = []
    page: list[PatronLine] = []
    size = 0
    for line in lines:
        if page and (len(page) == PAGE or size + len(line.text) > PAGE_TEXT):
            found.append(tuple(page))
            page, size = [], 0
        page.append(line)
        size += len(line.text)
    return [*found, tuple(page)] if page or empty else found


@dataclass(frozen=True, slots=True)
class Talk:
    """Everything that is needed to answer a frame."""

    ports: Ports
    door: Door
    audience: Audience
    desks: Desks
    admission: Admission
    max_text: int
    beat: float

    async def hear(self, peer: Peer, raw: bytes | str) -> None:
        """Take one frame and answer it; never raises for what a browser sent."""
        try:
            self._pace(peer, raw)
            await self._take(peer, read_frame(raw))
        except FrameRefused as why:
            peer.refused += 1
            await peer.answer(encode(Error(code=why.code, id=why.id, retry_after=why.retry_after)))

    def _pace(self, peer: Peer, raw: bytes | str) -> None:
        if len(raw) > MAX_FRAME:
            raise FrameRefused("too-large", guessed_id(raw))
        if wait := peer.bucket.take(time.monotonic()):
            raise FrameRefused("slow-down", guessed_id(raw), tenths(wait))

    async def _take(self, peer: Peer, frame: ClientFrame) -> None:
        match frame:
            case ClientPing():
                await peer.answer(encode(ServerPong()))
            case ClientHello():
                await self._greet(peer, frame)
            case Post():
                await self._receive(peer, frame)
            case Helped():
                await self._rate(peer, frame)
            case MailIt():
                await self._mail(peer, frame)
            case EndChat():
                await self._end(peer, frame)
            case DeclineCall():
                await self._refuse_call(peer, frame.line)
            case PatronTyping():
                await self._typing(peer, frame)
            case SeenLines():
                await self._seen(peer, frame)

    # ---- hello: who it is, and what was missed ----

    async def _greet(self, peer: Peer, hello: ClientHello) -> None:
        if hello.token:
            await self.admission.check(hello.token)
        await peer.answer(encode(Welcome(beat=self.beat, known=bool(hello.token), now=wall_ms())))
        await self.desks.show(peer)
        if hello.token:
            sender = tokens.address(hello.token)
            self.audience.join(peer, sender)
            await self._date(peer, hello.token)
            if self.desks.follows(sender):  # their place is told when it changes, and this browser may not know it yet
                await self.desks.place(peer)
            await self.catch_up(peer, hello.after, hello.have)
            self.desks.watch(sender, patience=HELLO_S)
            await self.ports.signals.tell(Signal(kind="viewing", channel=self.ports.channel, address=sender))

    async def _date(self, peer: Peer, token: str) -> None:
        """Give a browser with a token of an earlier version one that carries its date."""
        peer.token = token
        if newer := self.admission.dated(token):
            peer.token = newer
            await peer.answer(encode(TokenFrame(token=newer)))

    async def catch_up(self, peer: Peer, after: str, have: Sequence[str]) -> None:
        """Tell a browser what came after a position; what is pushed meanwhile follows behind it. Where that cannot be told now,
        the browser is asked to say hello again."""
        if isinstance(peer, SocketPeer):
            peer.hold, peer.behind = [], False
        try:
            for frame in await self.missed(peer.sender, after, have):
                await peer.answer(frame)
        except Busy as error:
            if isinstance(peer, SocketPeer):
                peer.behind = True
            raise FrameRefused("busy", retry_after=BUSY_S) from error
        finally:
            await self._release(peer)

    async def _release(self, peer: Peer) -> None:
        if not isinstance(peer, SocketPeer):
            return
        while peer.hold:
            await peer.answer(peer.hold.pop(0))
        peer.hold = None

    async def missed(self, sender: str, after: str, have: Iterable[str]) -> list[bytes]:
        """Return the frames that bring a browser up to date; raises Busy."""
        lines, reset = await self._history(sender, after)
        made = [history_line(line, sender, self.ports.secret) for line in lines]
        frames = [encode(Lines(lines=page, reset=reset and n == 0)) for n, page in enumerate(pages(made, reset))]
        held = {*have, *(line.id for line in made)}
        return frames + self.audience.recent(sender, held)

    async def _history(self, sender: str, after: str) -> tuple[Sequence[HistoryLine], bool]:
        try:
            return await self.ports.history(sender, after), not after
        except LookupError:
            return await self.ports.history(sender, ""), True

    # ---- a message ----

    async def _receive(self, peer: Peer, post: Post) -> None:
        self._admit(peer, post.id)
        minted = "" if peer.sender else self.admission.mint(post.seed, post.id)
        sender = peer.sender or tokens.address(minted)
        message = read_post(post, self.ports.channel, sender, self.ports.secret, self.max_text, wall_ms())
        message = with_form(message, post, self.desks.now, first=bool(minted))
        message = await self._as_uploaded(message, post.id)
        try:
            new = await self.ports.inlet.receive(message)
        except Busy as error:
            raise FrameRefused("busy", post.id, BUSY_S) from error
        except ValueError as error:  # TooLarge among them: it can never be taken in
            raise FrameRefused("too-long", post.id) from error
        if minted:
            self.audience.join(peer, sender, wrote=True)
        if newer := minted or self.admission.renewed(peer.token):
            peer.token = newer
            await peer.answer(encode(TokenFrame(token=newer)))
        await peer.answer(encode(Ack(id=post.id, message=message.id, at=wall_ms())))
        if minted:
            for frame in self.audience.recent(sender, ()):
                await peer.answer(frame)
        if new:
            await self.audience.tell(sender, encode(self._echo(message)), but=peer)
        self.desks.watch(sender)

    async def _as_uploaded(self, message: Message, id: str) -> Message:
        """Return the message with its files as their bytes are, not as the browser describes them. Raises Refusal where one is
        gone: it was taken in over a day ago, and not sent."""
        files = []
        for file in message.attachments:
            try:
                kept = await self.ports.blobs.look(file.digest)
            except Busy as error:
                raise FrameRefused("busy", id, BUSY_S) from error
            if kept is None:
                raise FrameRefused("file", id)
            files.append(msgspec.structs.replace(kept, name=file.name))
        return msgspec.structs.replace(message, attachments=tuple(files)) if files else message

    def _admit(self, peer: Peer, id: str) -> None:
        known, unknown = self.door.messages, self.door.newcomers
        now = time.monotonic()
        if wait := known.take(peer.sender, now) if peer.sender else unknown.take(peer.mark, now):
            raise FrameRefused("slow-down", id, tenths(wait))

    def _echo(self, message: Message) -> Lines:
        """Return a patron's message as their other windows see it."""
        files = tuple(file_ref(self.ports.secret, message.sender, held) for held in message.attachments)
        line = PatronLine(
            id=message.id, who="patron", text=message.text, at=wall_ms(), source=message.source, files=files
        )
        return Lines(lines=(line,), live=True)

    async def echo_when_known(self, sender: str, message: str) -> None:
        """Show a patron's windows a message of theirs that came by another way, once history tells it."""
        for _ in range(round(ECHO_S / ECHO_LOOK_S)):
            with suppress(Busy):
                lines = await self.ports.history(sender, "")
                if found := next((line for line in lines if line.id == message), None):
                    line = msgspec.structs.replace(history_line(found, sender, self.ports.secret), position="")
                    await self.audience.tell(sender, encode(Lines(lines=(line,), live=True)))
                    return
            await asyncio.sleep(ECHO_LOOK_S)

    # ---- a rating ----

    async def _rate(self, peer: Peer, frame: Helped) -> None:
        if not peer.sender:
            raise FrameRefused("token", frame.id)
        self._admit(peer, frame.id)
        rating = read_rating(frame, self.ports.channel, peer.sender)
        desk = await self.desks.of(peer.sender)
        try:
            if not (desk is not None and desk.rateable) and not await self._stands(rating):
                raise FrameRefused("rating", frame.id)
            new = await self.ports.inlet.rate(rating)
        except Busy as error:
            raise FrameRefused("busy", frame.id, BUSY_S) from error
        await peer.answer(encode(Ack(id=frame.id, message=rating.id, at=wall_ms())))
        if new:
            line = PatronLine(
                id=rating.id, who="patron", text=rating.comment, at=wall_ms(), event=f"rated:{rating.score}"
            )
            await self.audience.tell(peer.sender, encode(Lines(lines=(line,), live=True)), but=peer)

    async def _stands(self, rating: Rating) -> bool:
        """Say whether it was given already: its acknowledgement was lost, and the conversation has been opened again since."""
        return any(line.id == rating.id for line in await self.ports.history(rating.sender, ""))

    # ---- the transcript by mail ----

    async def _mail(self, peer: Peer, frame: MailIt) -> None:
        if not peer.sender:
            raise FrameRefused("token", frame.id)
        request = read_wish(frame, self.ports.channel, peer.sender)
        if request.id not in self.door.mailed:
            await self._admit_mail(peer, frame.id)
            try:
                await self.ports.inlet.mail_transcript(request)
            except Busy as error:
                raise FrameRefused("busy", frame.id, BUSY_S) from error
            self.door.mailed[request.id] = time.monotonic()
        await peer.answer(encode(Ack(id=frame.id, message=request.id, at=wall_ms())))

    async def _admit_mail(self, peer: Peer, id: str) -> None:
        """Let few requests by, and only one that the desk would carry out. Those limits are too long to wait for."""
        self._admit(peer, id)
        desk = await self.desks.of(peer.sender)
        if desk is None or not desk.mailable:
            raise FrameRefused("transcript", id)
        now = time.monotonic()
        if self.door.mails.take(peer.sender, now) or self.door.place_mails.take(peer.mark, now):
            raise FrameRefused("transcripts", id)

    # ---- the end, by the patron ----

    async def _end(self, peer: Peer, frame: EndChat) -> None:
        """Hand in the patron's end. A repetition finds the conversation ended and changes nothing."""
        if not peer.sender:
            raise FrameRefused("token", frame.id)
        self._admit(peer, frame.id)
        try:
            await self.ports.inlet.sign(peer.sender, here=True, ended=True)
        except Busy as error:
            raise FrameRefused("busy", frame.id, BUSY_S) from error
        await peer.answer(encode(Ack(id=frame.id, message=frame.id, at=wall_ms())))

    # ---- signs ----

    async def _typing(self, peer: Peer, frame: PatronTyping) -> None:
        """Tell that the patron writes. What they write goes along only where they are told that it does."""
        desk = self.desks.now
        text = frame.text.translate(CONTROLS) if frame.on and desk is not None and desk.previews else ""
        now = time.monotonic()
        if not peer.sender or (frame.on and now - peer.typed < (PREVIEW_S if text else TYPING_S)):
            return
        peer.typed = now
        kind: Literal["typing", "paused", "draft"] = "draft" if text else "typing" if frame.on else "paused"
        await self.ports.signals.tell(Signal(kind=kind, channel=self.ports.channel, address=peer.sender, text=text))

    async def _seen(self, peer: Peer, seen: SeenLines) -> None:
        if not peer.sender:
            raise FrameRefused("token")
        if wait := self.door.receipts.take(peer.mark, time.monotonic(), len(seen.ids)):
            raise FrameRefused("slow-down", retry_after=tenths(wait))
        try:
            for id in seen.ids:
                await self.ports.inlet.receipt(id, seen.stage)
        except Busy as error:
            raise FrameRefused("busy", retry_after=BUSY_S) from error

    async def _refuse_call(self, peer: Peer, line: str) -> None:
        if not peer.sender:
            raise FrameRefused("token")
        try:
            await self.ports.inlet.refuse_call(peer.sender, line)
        except Busy as error:
            raise FrameRefused("busy", retry_after=BUSY_S) from error

    async def gone(self, peer: Peer) -> None:
        """A browser left; its patron too, when it was the last one."""
        if self.audience.leave(peer):
            self.desks.leave(peer.sender)
            await self.ports.signals.tell(Signal(kind="gone", channel=self.ports.channel, address=peer.sender))
