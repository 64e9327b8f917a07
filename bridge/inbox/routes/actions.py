"""What librarians do: each route hands one Action to the core and answers what the core made of it.

200 `Acted`, when the event that answers it came within five seconds; 409 `Clash`, when the core refused, naming who has the
conversation where that is why; 202 `Pending`, when it is durable and no core has answered yet; 503, when the store could not take
it in: then nothing was acknowledged. Staff notes are Actions of their own kind, for which no delivery exists.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from bridge.contract import message as wire
from bridge.contract.adapter import Busy
from bridge.inbox import schema
from bridge.inbox.http.responses import Answer, Refusal, key_reused
from bridge.inbox.http.route import Call, Route
from bridge.inbox.http.upload_tickets import attachment
from bridge.inbox.live.action_results import Answered
from bridge.inbox.routes.faq_beside_chat import used_entry
from bridge.inbox.routes.files import check_kept, sent_before
from bridge.inbox.views import rows
from bridge.inbox.views.access import check_conversation, check_say, sees
from bridge.inbox.views.lines import shown, via_of
from bridge.sql.people.idempotency import ActionOutcome, KeyReused, outcome_of
from bridge.sql.transcripts.lines import TranscriptLine, changes
from routing.deliveries import contact_route
from routing.events import answer
from routing.records import at_key

Found = Answered | ActionOutcome  # as this process heard it, or as the archive keeps it


async def act(call: Call, deed: wire.Deed) -> Answer:
    """Hand an action in and answer its outcome. Raises Busy when it could not be taken in."""
    found = await outcome(call, deed)
    if isinstance(found, schema.Pending):
        return Answer(found, 202)
    return Answer(_acted(call, found))


async def outcome(call: Call, deed: wire.Deed, *, part: str = "") -> Found | schema.Pending:
    """Hand an action in and wait for its answer; `part` tells those of one request apart.

    Raises Refusal 409 when the core refused it, 422 when its key came before with another request, and Busy.
    """
    action = wire.Action(id=_id(call, part), by=call.me, deed=deed)
    answers = call.consortium.answers
    try:
        found: Found | None = answers.known(action.id)
        if found is None and not await _take_in(call, action):
            found = await _before(call, action.id)
        if found is None:
            found = await answers.of(action.id, call.services.answer_s)
    except KeyReused:
        raise key_reused() from None
    return schema.Pending(action=action.id) if found is None else _done(call, found)


async def repeated(call: Call) -> Answer | None:
    """Answer a repeat that the checks refuse by now, as a librarian who gave a conversation away may not see it any more.

    None when the key's action was never answered: then the refusal counts. Raises Refusal, as `outcome` does.
    """
    id = _id(call)
    try:
        found = await _before(call, id)
    except KeyReused:
        raise key_reused() from None
    return None if found is None else Answer(_acted(call, _done(call, found)))


async def _before(call: Call, action: str) -> Found | None:
    """Return the answer to an action that came before. What was heard here, also meanwhile, says more than the archive."""
    kept = await call.services.archive.idempotency.outcome(call.me, action)
    return call.consortium.answers.known(action) or kept


def _id(call: Call, part: str = "") -> str:
    key = (call.key or secrets.token_urlsafe(16)) + (f" {part}" if part else "")
    return wire.action_id(call.me, key, call.asked)


async def _take_in(call: Call, action: wire.Action) -> bool:
    """Hand an action to the core: False when its key was seen before."""
    try:
        return await call.services.gathering.ingest_action(action)
    except Busy:
        call.services.store_watch.found(up=False, why="an action was not taken")
        raise


def _done(call: Call, found: Found) -> Found:
    """Return an answer that says the action was done. Raises Refusal for any other."""
    outcome = found if isinstance(found, ActionOutcome) else outcome_of(found.step)
    if outcome.reason:
        raise _refused(call, outcome)
    if outcome.event == "faulted":
        raise Refusal(500, "fault", "The desk could not do that; it was noted, and nothing changed.")
    return found


def _refused(call: Call, outcome: ActionOutcome) -> Refusal:
    holder = rows.name_of(call.state, outcome.holder) if outcome.holder else ""
    detail = rows.refusal_words(call.state, call.me, outcome.reason, holder)
    about = call.state.conversations.get(outcome.conversation)
    clash = schema.Clash(
        error="refused",
        detail=detail,
        reason=outcome.reason,
        holder=outcome.holder,
        holder_name=holder,
        conversation=about.id if about is not None and sees(call.state, call.me, about) else "",
    )
    return Refusal(409, "refused", detail, body=clash)


def _acted(call: Call, found: Found) -> schema.Acted:
    state = call.state
    if isinstance(found, ActionOutcome):
        outcome, position, lines = found, call.services.replica.position, list[TranscriptLine]()
    else:
        outcome, position, lines = outcome_of(found.step), found.position, _said(call, found)
    it = state.conversations.get(outcome.conversation or call.id)
    return schema.Acted(
        action=outcome.action,
        event=outcome.event,
        conversation=outcome.conversation or call.id,
        position=str(position),
        row=rows.row(state, call.me, it) if it is not None else None,
        line=shown(state, lines[0], call.me) if lines else None,
    )


def _said(call: Call, found: Answered) -> list[TranscriptLine]:
    """Return the lines that an action wrote into its conversation."""
    conversation = getattr(answer(found.step), "conversation", "") or call.id
    return [
        each
        for each in changes(found.step, found.position.seq)
        if isinstance(each, TranscriptLine) and each.conversation == conversation and each.who in ("librarian", "note")
    ]


# ---- taking and giving back ------------------------------------------------------------


async def claim(call: Call) -> Answer:
    """Take a waiting conversation; of two who click, one wins and the other is told who."""
    return await act(call, wire.Claim(conversation=call.id))


async def accept(call: Call) -> Answer:
    """Accept an offer or a transfer."""
    return await act(call, wire.Accept(conversation=call.id))


async def reject(call: Call) -> Answer:
    """Decline an offer or a transfer."""
    return await act(call, wire.Reject(conversation=call.id))


async def release(call: Call) -> Answer:
    """Put a conversation of mine back, or take back a transfer of mine."""
    asked: schema.ReleaseAsked = call.body
    return await act(call, wire.Release(conversation=call.id, transfer=asked.transfer))


async def join(call: Call) -> Answer:
    """Join a conversation that a colleague has, and answer beside them; it stays theirs."""
    return await act(call, wire.Join(conversation=call.id))


async def leave(call: Call) -> Answer:
    """Go out of a conversation that I joined."""
    return await act(call, wire.Leave(conversation=call.id))


async def transfer(call: Call) -> Answer:
    """Offer it to a librarian or a queue."""
    asked: schema.TransferAsked = call.body
    if bool(asked.librarian) == bool(asked.queue):
        raise Refusal(422, "invalid", "A transfer names a librarian or a queue, one of them.")
    deed = wire.Transfer(conversation=call.id, librarian=asked.librarian, queue=asked.queue, note=asked.note)
    return await act(call, deed)


async def consult(call: Call) -> Answer:
    """Ask a librarian, a queue's staff or a library about it; they may read it until it ends or this is taken back."""
    asked: schema.ConsultAsked = call.body
    _one_of_three(asked)
    deed = wire.Consult(
        conversation=call.id,
        librarian=asked.librarian,
        queue=asked.queue,
        library=asked.library,
        join=asked.join,
    )
    return await act(call, deed)


async def end_consult(call: Call) -> Answer:
    """Take a consultation back, or decline one that asks me."""
    asked: schema.ConsultEndAsked = call.body
    _one_of_three(asked)
    deed = wire.EndConsult(conversation=call.id, librarian=asked.librarian, queue=asked.queue, library=asked.library)
    return await act(call, deed)


def _one_of_three(asked: schema.ConsultEndAsked) -> None:
    if [bool(asked.librarian), bool(asked.queue), bool(asked.library)].count(True) != 1:
        raise Refusal(422, "invalid", "It names a librarian, a queue or a library, one of them.")


async def snooze(call: Call) -> Answer:
    """Put it off: it needs no answer, waits for the patron, or comes back at a time."""
    asked: schema.SnoozeAsked = call.body
    if asked.why == "later" and not asked.until:
        raise Refusal(422, "invalid", "`until` says when it comes back.")
    if asked.why == "no-answer" and asked.until:
        raise Refusal(422, "invalid", "`until` is left out where it needs no answer.")
    return await act(call, wire.Snooze(conversation=call.id, why=asked.why, until=asked.until))


async def wake(call: Call) -> Answer:
    """End the snooze of a conversation of mine."""
    return await act(call, wire.Wake(conversation=call.id))


# ---- words ------------------------------------------------------------


async def messages(call: Call) -> Answer:
    """Answer the patron."""
    asked: schema.SayAsked = call.body
    if wire.is_blank(asked.text) and not asked.attachments and not asked.again:
        raise Refusal(422, "invalid", "A message has words or a file.")
    files = tuple(attachment(call.services.secret, ticket, call.me, call.id) for ticket in asked.attachments)
    await check_kept(call, files)
    files += await sent_before(call, asked.again) if asked.again else ()
    facts = call.services.channels.get(_channel(call))
    if facts is not None and any(file.size > facts.max_media for file in files):
        raise Refusal(422, "no-file", "This channel carries no files of that size; send a link instead.")
    deed = wire.Say(
        conversation=call.id,
        text=asked.text,
        attachments=files,
        via=_via(call, asked.via),
        script=asked.script,
        all_recipients=asked.all_recipients,
        faq=await used_entry(call, asked.faq) if asked.faq else "",
        cc=_copies(call, asked.cc),
        bcc=_copies(call, asked.bcc),
        subject=" ".join(asked.subject.split()),
    )
    done = await act(call, deed)
    it = call.state.conversations.get(call.id)
    if deed.faq and (it is None or not it.practice):
        await call.services.archive.faq_counts.count(deed.faq, "used")
    return done


def _copies(call: Call, asked: list[str]) -> tuple[str, ...]:
    """Return the addresses of further recipients: those who stood on the patron's mail may be named by their word."""
    it = call.state.conversations.get(call.id)
    known = {via_of("", one): one for one in it.others} if it is not None else {}
    return tuple(known.get(one) or one.strip() for one in asked)


def _channel(call: Call) -> str:
    it = call.state.conversations.get(call.id)
    return it.channel if it is not None else ""


def _via(call: Call, via: str) -> str:
    """Return the `channel|address` that a page named by its word. Raises Refusal 422 for none of this patron's."""
    it = call.state.conversations.get(call.id)
    if not via or it is None:
        return ""
    given = contact_route(call.state, it)
    named = [(given.channel, given.address)] if given is not None else []
    for channel, address in (
        (it.channel, it.address),
        *((route.channel, route.address) for route in it.routes),
        *named,
    ):
        if via_of(channel, address) == via:
            return f"{channel}|{address}"
    raise Refusal(422, "unknown-address", rows.refusal_words(call.state, call.me, "unknown-address"))


async def notes(call: Call) -> Answer:
    """Write for colleagues only."""
    asked: schema.NoteAsked = call.body
    return await act(call, wire.Note(conversation=call.id, text=asked.text, mentions=tuple(asked.mentions)))


async def read(call: Call) -> Answer:
    """Say that I have read up to a message."""
    asked: schema.ReadAsked = call.body
    return await act(call, wire.MarkRead(conversation=call.id, message=asked.message))


# ---- the end, and after it ------------------------------------------------------------


async def close(call: Call) -> Answer:
    """End it with a resolution code."""
    asked: schema.CloseAsked = call.body
    deed = wire.Close(
        conversation=call.id,
        code=asked.code,
        seen_at=asked.seen_at,
        follow_up=_plan(asked.follow_up),
        descriptive=tuple(asked.descriptive),
        read_scale=asked.read_scale,
        reference=asked.reference,
        questions=_questions(asked),
    )
    return await act(call, deed)


async def recode(call: Call) -> Answer:
    """Correct the codes; kept with who and when."""
    asked: schema.RecodeAsked = call.body
    await check_say(call.services, call.me, call.id)
    await _check_follow_up(call, asked.code)
    deed = wire.Recode(
        conversation=call.id,
        code=asked.code,
        descriptive=tuple(asked.descriptive),
        read_scale=asked.read_scale,
        reference=asked.reference,
        follow_up=_plan(asked.follow_up),
        questions=_questions(asked),
    )
    return await act(call, deed)


def _questions(asked: schema.CloseAsked | schema.RecodeAsked) -> tuple[wire.QuestionTaken, ...]:
    return tuple(wire.QuestionTaken(kind=one.kind, read=one.read) for one in asked.questions)


def _plan(asked: schema.PlanAsked | None) -> wire.FollowUpPlan | None:
    if asked is None:
        return None
    return wire.FollowUpPlan(address=asked.address, deadline=asked.deadline, question=asked.question)


async def _check_follow_up(call: Call, code: str) -> None:
    """Refuse (409) to open a follow-up for a conversation that the core has forgotten: nobody would see it."""
    if call.id in call.state.conversations or not code.startswith("follow_up"):
        return
    talk = await call.services.reader.conversation(call.id)
    if talk is not None and not (talk.code or "").startswith("follow_up"):
        detail = "It ended too long ago for a follow-up."
        raise Refusal(
            409, "refused", detail, body=schema.Clash(error="refused", detail=detail, reason="follow-up-too-late")
        )


async def reopen(call: Call) -> Answer:
    """Open a closed conversation again, as mine."""
    return await act(call, wire.Reopen(conversation=call.id))


async def dismiss(call: Call) -> Answer:
    """Say that what was set aside is not for the desk; it is listed no more."""
    return await act(call, wire.Dismiss(conversation=call.id))


# ---- the patron ------------------------------------------------------------


async def identify(call: Call) -> Answer:
    """Write down a name or an address."""
    asked: schema.IdentifyAsked = call.body
    return await act(call, wire.Identify(conversation=call.id, name=asked.name, contact=asked.contact))


async def block(call: Call) -> Answer:
    """Refuse further messages of this patron at this address."""
    asked: schema.BlockAsked = call.body
    return await act(call, wire.Block(conversation=call.id, reason=asked.reason, until=asked.until))


async def unblock(call: Call) -> Answer:
    """Lift the block of this conversation's patron, wherever the talk has gone on since."""
    await check_say(call.services, call.me, call.id)
    barred, it = call.state.barred, call.state.conversations.get(call.id)
    known = it or await call.services.reader.conversation(call.id)
    places = [] if known is None else [at_key(known.channel, known.address)]
    places += [] if it is None else [at_key(one.channel, one.address) for one in reversed(it.routes)]
    places += [place for place, one in barred.items() if one.conversation == call.id]
    channel, _, address = next((place for place in places if place in barred), "").partition("|")
    return await act(call, wire.Unblock(channel=channel, address=address, conversation=call.id))


async def merge(call: Call) -> Answer:
    """Say that another conversation is the same patron's."""
    await check_conversation(call.services, call.me, call.body.other)
    return await act(call, wire.Merge(conversation=call.id, other=call.body.other))


async def unmerge(call: Call) -> Answer:
    """Take back a merge."""
    await check_conversation(call.services, call.me, call.body.other)
    return await act(call, wire.Unmerge(conversation=call.id, other=call.body.other))


def _action(serve: Callable[[Call], Any], about: str, asks: Any = None) -> Route:
    path = f"/conversations/{{id}}/{serve.__name__}"
    return Route(
        "POST",
        path,
        about,
        serve,
        scope="conversation",
        asks=asks,
        gives=schema.Acted,
        action=True,
        again=repeated,
        keyed=True,
    )


ROUTES = (
    _action(claim, "Take a waiting conversation"),
    _action(accept, "Accept an offer or a transfer"),
    _action(reject, "Decline an offer or a transfer"),
    _action(release, "Give it back, or take a transfer back", schema.ReleaseAsked),
    _action(join, "Join a conversation that a colleague has"),
    _action(leave, "Leave a conversation that I joined"),
    _action(transfer, "Offer it to a colleague or a queue", schema.TransferAsked),
    _action(consult, "Ask colleagues about it", schema.ConsultAsked),
    _action(end_consult, "Ask them no more", schema.ConsultEndAsked),
    _action(snooze, "Put it off until a time, or until the patron writes", schema.SnoozeAsked),
    _action(wake, "End its snooze"),
    _action(messages, "Answer the patron", schema.SayAsked),
    _action(notes, "Write for colleagues only", schema.NoteAsked),
    _action(read, "Mark as read", schema.ReadAsked),
    _action(close, "End it with a resolution code", schema.CloseAsked),
    _action(recode, "Correct its codes", schema.RecodeAsked),
    _action(reopen, "Open it again"),
    _action(dismiss, "List what was set aside no more"),
    _action(identify, "Write down the patron's name or address", schema.IdentifyAsked),
    _action(block, "Refuse this patron's messages", schema.BlockAsked),
    _action(unblock, "Lift the block"),
    _action(merge, "One patron, one timeline", schema.MergeAsked),
    _action(unmerge, "Take a merge back", schema.MergeAsked),
)
