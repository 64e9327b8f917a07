"""The words the desk itself says, and the words for reasons. English is complete here; others come with `Library.wording`.

A text is looked up in this order: the library's own script of that key ("greeting", "goodbye", ...; an empty one keeps the desk
silent), the library's catalogue, then English. Names in braces are filled in one pass, so that no patron's own name is
ever read as a name in braces.
"""

from __future__ import annotations

import re

from routing.events import WhyRefused
from routing.organisation import Library

NAME = re.compile(r"\{([a-z_]+)\}")

ENGLISH: dict[str, str] = {
    # to patrons
    "notice.closed": "We're closed at the moment. Your message is kept, and we'll answer when we're back.",
    "notice.closed-until": "We're closed at the moment and will open again {opening}. Your message is kept, and we'll answer"
    " then.",
    "notice.closing": "We've closed for now. Your message is kept, and we'll answer when we're back.",
    "notice.closing-until": "We've closed for now and will open again {opening}. Your message is kept, and we'll answer then.",
    "notice.nobody": "Nobody is at the desk right now. Your message is kept, and we'll answer as soon as somebody is back.",
    # what is added where an address may be left: only for the kinds that a channel carries
    "notice.offer-mail": "Leave an email address if you'd like the answer there.",
    "notice.offer-phone": "Leave a mobile number with its country code if you'd like the answer as a text.",
    "notice.offer-mail-phone": "Leave an email address, or a mobile number with its country code, if you'd like the answer"
    " there.",
    "notice.not-taken": "We're closed at the moment and can't take messages here. Your message wasn't passed on.",
    "notice.not-taken-until": "We're closed at the moment, will open again {opening}, and can't take messages here. Your"
    " message wasn't passed on.",
    "notice.full": "Many people are waiting right now, so this may take a while. Your message is kept.",
    "notice.concierge": "This is taking longer than usual. We haven't forgotten you, and your question is still in line.",
    "notice.concierge-busy": "All librarians are busy. We haven't forgotten you, and your question is still in line.",
    "notice.greeting": "Hello, I'm {librarian}. Let me look at your question.",
    "notice.greeting-named": "Hello {patron}, I'm {librarian}. Let me look at your question.",
    "notice.greeting-nonlocal": "Hello, I'm {librarian} from {home}, and I'm helping your librarians at {library}. Let me look"
    " at your question.",
    "notice.greeting-nonlocal-named": "Hello {patron}, I'm {librarian} from {home}, and I'm helping your librarians at"
    " {library}. Let me look at your question.",
    "notice.returned": "{librarian} from {home} is with you again.",
    "notice.elsewhere": "{librarian} works at {home} and is helping {library}.",
    "notice.transfer": "I'm asking a colleague to take over. Please stay here.",
    "notice.transferred": "{librarian} from {home} is with you now and can see our conversation.",
    "notice.transfer-back": "The colleague can't take over right now. {librarian} will stay with you.",
    "notice.joined": "{librarian} has joined us and can answer too.",
    "notice.joined-nonlocal": "{librarian} from {home} has joined us and can answer too.",
    "notice.successor": "Your librarian was disconnected. {librarian} from {home} is still here and will help you.",
    "notice.requeued": "Your librarian was disconnected. Your question is back in line, ahead of newer ones.",
    "notice.requeued-busy": "Your librarian was disconnected, and all others are busy."
    " Your question is back in line, ahead of newer ones.",
    "notice.requeued-nobody": "Your librarian was disconnected, and nobody else is at the desk right now. Your message is"
    " kept, and we'll answer as soon as somebody is back.",
    "notice.requeued-closed": "Your librarian was disconnected, and we're closed now. Your message is kept, and we'll answer"
    " when we're back.",
    "notice.requeued-closed-until": "Your librarian was disconnected, and we're closed now. We'll open again {opening}. Your"
    " message is kept, and we'll answer then.",
    "notice.still-there": "Are you still there? Write a word to stay connected. Otherwise this chat will end in a minute.",
    "notice.closed-silent": "This chat has ended because we didn't hear from you. You can write again at any time.",
    "notice.closed-silent-away": "We answered above while you were away. You can write again at any time.",
    "notice.closed-silent-follow-up": "We answered above while you were away. The library also has your address, {address},"
    " and will follow up there.",
    "notice.goodbye": "Thank you for asking us. You can write again at any time.",
    "notice.follow-up": "Thank you for asking us. We've noted your question and will send the answer to {address}.",
    "notice.follow-up-noted": "Thank you for asking us. We've noted your question.",
    "notice.form-kept": "Thank you. We have your question and will send the answer to {address}.",
    "notice.form-kept-here": "Thank you. We have your question. Please look here again for the answer.",
    "notice.form-kept-misread": "Thank you. We have your question. We couldn't read the address that you left, so please look"
    " here again, or leave it once more.",
    "notice.address-kept": "Thank you. If you leave this page, the answer will go to {address}.",
    "notice.meeting-offered": "{librarian} would like to meet you online. Come in here: {link}",
    "notice.call-offered-voice": "{librarian} offers to talk with you. To begin, open this page within {minutes} minutes: {link}",
    "notice.call-offered-video": "{librarian} offers a video call. To begin, open this page within {minutes} minutes: {link}",
    "notice.call-offered-patron-screen": "{librarian} offers to look at your screen with you. You choose what to show. To begin,"
    " open this page within {minutes} minutes: {link}",
    "notice.call-offered-librarian-screen": "{librarian} offers to show you their screen. To begin, open this page within"
    " {minutes} minutes: {link}",
    "notice.call-ended": "The call has ended.",
    "notice.call-ended-unused": "The offer of a call is over.",
    "notice.transcript": "This is the conversation with {library} that was requested in the chat. If you didn't ask for it,"
    " somebody mistyped an address, and there is nothing you need to do. A reply to this email begins a new question.",
    "notice.transcript-failed": "The transcript couldn't be emailed. Please check the address, or copy or print it instead.",
    # the transcript that a patron has mailed
    "transcript.subject": "Your conversation with {library}",
    "transcript.you": "You",
    "transcript.desk": "Library",
    "transcript.file": "File: {name}",
    "transcript.times": "Times: {timezone}",
    "transcript.cut": "The conversation is very long. The {count} messages before this one are left out.",
    # to librarians on their own messengers
    "staff.offer": "{patron} is waiting ({queue}): {text}",
    "staff.taken": "Answered by {librarian}.",
    "staff.withdrawn": "It's no longer offered to you.",
    "staff.transfer": "{librarian} is passing you a conversation with {patron}: {text}",
    "staff.transferred": "{librarian} has taken over.",
    "staff.transfer-rejected": "Your transfer was declined. The conversation stays yours.",
    "staff.transfer-timeout": "Nobody took your transfer in time. The conversation stays yours.",
    "staff.transfer-away": "Your colleague left before taking your transfer. The conversation stays yours.",
    "staff.transfer-withdrawn": "Transfer withdrawn. The conversation stays yours.",
    "staff.line": "{patron}: {text}",
    "staff.said": "{librarian}: {text}",
    "staff.note": "Note by {librarian}: {text}",
    "staff.joined": "{librarian} has joined this conversation.",
    "staff.left": "{librarian} has left this conversation. It stays yours.",
    "staff.consult": "{librarian} asks you about a conversation. Read the question in the inbox. You can answer with /note TEXT.",
    "staff.consult-ended": "You aren't asked about this conversation any more.",
    "staff.remind": "{patron} hasn't heard from you for some minutes.",
    "staff.gone": "{patron} has gone silent or left.",
    "staff.closed": "Closed.",
    "staff.refused": "Not done: {reason}",
    "staff.patron": "A patron",
    # why an action was refused
    "reason.taken": "{holder} has this conversation already.",
    "reason.unknown-conversation": "There is no such open conversation.",
    "reason.unknown-librarian": "This librarian isn't known or isn't active.",
    "reason.not-yours": "This conversation isn't yours.",
    "reason.yours": "This conversation is yours. Transfer it, give it back or end it.",
    "reason.not-joined": "You aren't in this conversation.",
    "reason.unclaimed": "Nobody has this conversation yet. Claim it instead.",
    "reason.not-offered": "It isn't offered to you.",
    "reason.no-access": "You don't serve this conversation's queue.",
    "reason.not-waiting": "It isn't waiting.",
    "reason.closed": "It is closed. Open it again first.",
    "reason.not-coordinator": "Only a coordinator of that library may do that.",
    "reason.time-passed": "That time is over. Choose a later one.",
    "reason.too-long": "That text is too long.",
    "reason.too-many-notices": "Too many notices are shown already. Take one back first.",
    "reason.unknown-library": "There is no such library.",
    "reason.unknown-notice": "This notice is over.",
    "reason.not-closed": "It isn't closed.",
    "reason.follow-up-open": "A follow-up is open. Close it, or give it up with the conversation.",
    "reason.empty": "There isn'thing to send.",
    "reason.unknown-address": "This isn't an address of this patron.",
    "reason.blocked": "This patron is blocked.",
    "reason.already-offered": "It is being transferred already.",
    "reason.unknown-target": "There is no such librarian or queue to transfer to.",
    "reason.unknown-colleague": "There is no such librarian, queue or library to ask.",
    "reason.too-many-consulted": "Too many colleagues are asked about it already. Take one request back first.",
    "reason.call-goes-on": "A call is offered or goes on here already. End it first.",
    "reason.call-over": "This call is over.",
    "reason.absent": "Nobody is there to take it.",
    "reason.yourself": "You have it already.",
    "reason.unknown-code": "There is no such resolution code.",
    "reason.unknown-descriptive": "There is no such descriptive code in this library.",
    "reason.too-many-codes": "Up to four descriptive codes can be given.",
    "reason.read-scale": "The READ scale goes from 1 to 6.",
    "reason.patron-wrote": "The patron wrote meanwhile, so it wasn't ended. Read it first.",
    "reason.lost-call-patron-wrote": "Not a lost call: the patron wrote after a librarian joined.",
    "reason.lost-call-has-address": "Not a lost call: the patron left an address. Choose a follow-up.",
    "reason.answer-not-received": "The patron hasn't received your answer, so this isn't answered."
    " Choose a follow-up, or 'Not reached'.",
    "reason.follow-up-elsewhere": "{holder} of another library is answering it. A coordinator can take it over, and anybody can"
    " once it's overdue.",
    "reason.follow-up-needs-address": "A follow-up needs an address to answer to. Ask the patron for one.",
    "reason.address-not-understood": "This is neither an email address nor a phone number.",
    "reason.deadline-passed": "The deadline has passed already.",
    "reason.unknown-follow-up": "There is no such follow-up.",
    "reason.unknown-owner": "This librarian isn't known or isn't active.",
    "reason.not-blocked": "This address isn't blocked.",
    "reason.transfer-over": "The transfer is over already. The conversation is yours.",
    "reason.merged": "It goes on in another conversation. Take the merge back first.",
    "reason.not-set-aside": "It is no longer set aside.",
    "reason.itself": "A conversation can't be merged with itself.",
    "reason.not-merged": "These conversations aren't merged.",
    "reason.unknown-queue": "There is no such queue, or you don't serve it.",
    "reason.unknown-message": "There is no such message.",
    # why a delivery failed, and what doubt there is
}


def words(library: Library, key: str) -> str:
    """Return the text of a catalogue key in the library's language, else in English, else the key itself."""
    return library.wording.get(key) or ENGLISH.get(key, key)


def fill(text: str, values: dict[str, str]) -> str:
    """Return `text` with each {name} filled from `values`; a name that is not there stays as it is."""
    return NAME.sub(lambda match: values.get(match[1], match[0]), text)


def notice(library: Library, event: str, variant: str, values: dict[str, str], *, elsewhere: bool = False) -> str:
    """Return what the desk says at `event`; "" when the library has chosen to say nothing.

    A variant ("greeting-nonlocal-named") has its own words, unless the library has a script of the plain event ("greeting").
    A script may say less than a patron must know. Then a sentence follows it: who has taken over, and from where; or which
    library a librarian from `elsewhere` works at, and which one they are helping.
    """
    key = f"{event}-{variant}" if variant else event
    scripts = {script.key: script.text for script in library.scripts if script.key in (key, event)}
    text = scripts.get(key, scripts.get(event))
    if text is None:
        return fill(words(library, f"notice.{key}"), values)
    said = fill(text, values)
    missing = ""
    if event == "transferred":
        missing = "" if _names(said, values, "librarian", "home") else "notice.transferred"
    elif elsewhere and not _names(said, values, "home", "library"):
        missing = "notice.elsewhere"
    return f"{said} {fill(words(library, missing), values)}" if said and missing else said


def _names(said: str, values: dict[str, str], *names: str) -> bool:
    return all(values.get(name, "") in said for name in names)


def offer(library: Library, event: str, variant: str, kinds: str) -> str:
    """Return the sentence that offers to take an address of these kinds, "" where the library has words of its own."""
    key = f"{event}-{variant}" if variant else event
    own = any(script.key in (key, event) for script in library.scripts)
    translated = f"notice.{key}" in library.wording and f"notice.offer-{kinds}" not in library.wording
    return "" if own or translated or not kinds else words(library, f"notice.offer-{kinds}")


def reason(library: Library, why: WhyRefused, values: dict[str, str] | None = None) -> str:
    """Return the words for why an action was refused."""
    return fill(words(library, f"reason.{why}"), values or {})
