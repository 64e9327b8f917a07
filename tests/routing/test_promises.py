"""Promises are kept: nothing is said of the desk that is not so, and a question that was to be kept is kept."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from bridge.contract.message import ChannelStatus
from routing import standing, wording
from routing.events import Noticed
from routing.organisation import Librarian, Library, Script
from routing.reach import carrier_to, promised
from routing.standing import SAYS, Moment, Standing
from routing.wording import ENGLISH
from tests.routing.play import BEGIN, IM, MAIL, SMS, WEB, Play, cooperative, north

H = 3_600_000
DAY = ((BEGIN, BEGIN + 8 * H), (BEGIN + 24 * H, BEGIN + 32 * H))
WORDS = ("Monday 9:00 (London time)", "Tuesday 9:00 (London time)")


def hours(**changes: Any) -> Library:
    return north(openings=DAY, opening_words=WORDS, **changes)


def told(play: Play) -> list[str]:
    """Return what patrons were told by the desk, all of it."""
    return [event.delivery.text for step in play.log for event in step.events if type(event) is Noticed]


def events_told(play: Play) -> list[str]:
    return [event.delivery.event for step in play.log for event in step.events if type(event) is Noticed]


# ---- the question is kept ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "leaving", ["> pat leaves", "> pat leaves\n> pat returns\n> pat leaves", "> pat: Hello?\n> pat leaves"]
)
def test_a_question_that_is_to_be_kept_waits_whatever_its_patron_does(leaving: str) -> None:
    play = Play().script(f"> pat: Hi\n< opened; received; queued; noticed event=nobody\n{leaving}\n> +3d")
    assert (play.of("pat").state, play.of("pat").code) == ("waiting", "")
    play.script("> ana comes\n> ana serves north/ask\n> ana says pat: Here it is\n> pat returns")
    assert play.of("pat").state == "active"


def test_closed_hours_keep_it_too() -> None:
    play = Play(hours())
    play.now = BEGIN + 10 * H
    play.script("> pat: Hi\n< opened; received; queued; noticed event=closed\n> pat leaves\n> +12h")
    assert play.of("pat").state == "waiting"


def test_a_line_that_everybody_leaves_keeps_who_left_it_before() -> None:
    play = Play().script("> ana comes\n> ana serves north/ask\n> pat: Hi\n> pat leaves\n> ana goes\n> +1h")
    assert play.of("pat").state == "waiting"


def test_a_patron_who_hangs_up_in_front_of_the_desk_is_still_a_lost_call() -> None:
    play = Play().script("> ana comes\n> ana serves north/ask\n> pat: Hi\n> pat leaves\n> +121s")
    assert play.of("pat").code == "lost_call"


def test_a_librarian_may_end_what_was_kept() -> None:
    play = Play().script("> pat: Hi\n> pat leaves\n> ana comes\n> ana closes pat as=lost_call")
    assert (play.of("pat").code, play.of("pat").kept) == ("lost_call", False)


# ---- what is said of the desk --------------------------------------------------------------------------------------------------

MAY_SAY: dict[str, frozenset[Standing]] = {
    "busy": frozenset({"busy"}),
    "closed": frozenset({"closed"}),
    "nobody": frozenset({"nobody", "returning"}),
    "with you": frozenset(),
    "soon": frozenset(),  # but "as soon as"
    "next": frozenset(),
    "is kept": frozenset({"closed", "nobody", "returning"}),
}


@pytest.mark.parametrize(("moment", "how"), [(moment, how) for moment in SAYS for how in SAYS[moment]])
def test_no_sentence_says_what_is_not_so(moment: Moment, how: Standing) -> None:
    event, variant = SAYS[moment][how]
    if not event:
        return
    for tail in ("", "-until") if how == "closed" else ("",):
        key = "-".join(filter(None, (event, variant))) + tail
        text = wording.ENGLISH[f"notice.{key}"].replace("as soon as", "")
        for phrase, allowed in MAY_SAY.items():
            assert phrase not in text.lower() or how in allowed, (key, phrase)
        assert (event in standing.KEEPS) == ("is kept" in text or event == "requeued"), key


STAND: dict[Standing, str] = {
    "closed": "> +9h",
    "nobody": "> ben comes",
    "returning": "> ana comes\n> ana serves north/ask\n> ana goes",
    "busy": "> ana comes\n> ana serves north/ask live=1\n> mel: Hi\n> ana claims mel",
    "free": "> ana comes\n> ana serves north/ask",
}


@pytest.mark.parametrize("how", list(STAND))
def test_the_table_is_what_the_desk_says(how: Standing) -> None:
    play = Play(hours()).script(STAND[how] + "\n> pat: Hi")
    service = play.state.roster.service("north/ask")
    assert standing.standing(play.state, service, play.now) == how
    wanted = SAYS["arrival"][how][0]
    assert play.of("pat").kept == bool(wanted)
    assert events_told(play)[-1:] == [wanted] if wanted else "pat" not in told(play)


def test_who_waits_is_told_busy_only_when_all_are() -> None:
    free = Play().script("> ana comes\n> ana serves north/ask\n> pat: Hi\n> +75s")
    busy = Play().script("> ana comes\n> ana serves north/ask live=1\n> mel: Hi\n> ana claims mel\n> pat: Hi\n> +75s")
    gone = Play().script("> ana comes\n> ana serves north/ask\n> pat: Hi\n> ana serves nothing\n> +75s")
    assert "busy" not in told(free)[-1]
    assert "in line" in told(free)[-1]
    assert "All librarians are busy" in told(busy)[-1]
    assert (events_told(gone)[-1], gone.of("pat").kept) == ("nobody", True)


def test_a_colleague_of_the_cooperative_counts_before_its_tier_is_asked() -> None:
    play = Play(*cooperative()).script("> sue comes\n> sue serves north/ask\n> pat: Hi\n> +75s")
    assert "busy" not in told(play)[-1]
    assert events_told(play)[-1] == "concierge"


def test_who_waits_when_the_libraries_close_is_told_once() -> None:
    play = Play(hours()).script("> ana comes\n> ana serves north/ask")
    play.now = BEGIN + 8 * H - 600_000
    play.script("> pat: Hi\n> +75s\n> +15min")
    assert events_told(play) == ["concierge", "closing"]
    assert "Tuesday 9:00 (London time)" in told(play)[-1]
    play.script("> pat leaves\n> +1h")
    assert (play.of("pat").state, events_told(play)[2:]) == ("waiting", [])


def test_the_chain_closes_when_its_last_library_does() -> None:
    ours, theirs = cooperative()
    late = Library(
        **{name: getattr(theirs, name) for name in theirs.__struct_fields__} | {"openings": ((BEGIN, BEGIN + 9 * H),)}
    )
    early = Library(
        **{name: getattr(ours, name) for name in ours.__struct_fields__} | {"openings": ((BEGIN, BEGIN + 8 * H),)}
    )
    play = Play(early, late).script("> sue comes\n> sue serves north/ask")
    play.now = BEGIN + 8 * H - 60_000
    play.script("> pat: Hi\n> +50min")
    assert "closing" not in events_told(play)
    play.script("> +20min")
    assert events_told(play)[-1] == "closing"


def test_hours_that_change_while_somebody_waits_hold_for_them() -> None:
    play = Play(hours()).script("> ana comes\n> ana serves north/ask\n> pat: Hi\n> +2min")
    play.give(north(revision=2, openings=((BEGIN, BEGIN + H),)))
    play.script("> +1h")
    assert events_told(play)[-1] == "closing"


def test_a_lost_librarian_promises_nobody_who_is_not_there() -> None:
    alone = Play().script(
        "> ana comes\n> ana serves north/ask\n> pat: Hi\n> ana claims pat\n> ana goes\n> +30s\n> pat leaves\n> +1h"
    )
    assert "nobody else" in told(alone)[-1]
    assert alone.of("pat").state == "waiting"


# ---- addresses -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("channel", "contact", "carrier"),
    [
        ("mail", "jane@example.org", "mail"),
        ("", "jane@example.org", ""),
        ("web", "jane@example.org", "mail"),
        ("sms", "jane@example.org", "mail"),
        ("mail", "+1 (415) 555-0100", "sms"),
        ("", "+14155550100", "sms"),
        ("sms", "+14155550100", "sms"),
        ("mail", "not an address", ""),
    ],
)
def test_answers_go_where_a_channel_carries_them(channel: str, contact: str, carrier: str) -> None:
    play = Play(north(contact_channel=channel))
    assert carrier_to(play.state, "north", contact) == carrier
    assert promised(play.state, "north", contact) == bool(carrier)


@pytest.mark.parametrize(
    ("channels", "channel", "wanted"),
    [
        ((WEB,), "", ""),
        ((WEB, MAIL), "mail", "email address"),
        ((WEB, SMS), "", "mobile number"),
        ((WEB, MAIL, SMS), "mail", "email address, or a mobile number"),
        ((WEB, MAIL), "", ""),
    ],
)
def test_an_address_is_asked_for_only_where_a_channel_can_answer(
    channels: tuple[ChannelStatus, ...], channel: str, wanted: str
) -> None:
    play = Play(north(contact_channel=channel), channels=channels).script("> pat: Hi")
    assert wanted in told(play)[-1]
    assert ("Leave" in told(play)[-1]) == bool(wanted)


@pytest.mark.parametrize(
    ("contact", "channel", "said"),
    [
        ("jane@example.org", "mail", "send the answer to jane@example.org"),
        ("jane@example.org", "", "look here again"),
        ("jane@", "mail", "couldn't read"),
        ("+1 415 555 0100", "mail", "send the answer to +14155550100"),
    ],
)
def test_an_address_is_thanked_for_only_when_it_can_be_answered(contact: str, channel: str, said: str) -> None:
    play = Play(north(contact_channel=channel))
    play.write("pat", "Please write", contact=contact, later=True)
    assert said in told(play)[-1]
    assert play.of("pat").follow_up


def test_an_address_that_is_written_into_the_chat_is_taken() -> None:
    play = Play().script("> pat: Hi\n> pat: you can reach me at Jane@Example.org, thanks")
    assert play.of("pat").contact == "jane@example.org"
    assert events_told(play)[-1] == "address-kept"
    play.script("> pat leaves\n> ana comes\n> ana serves north/ask\n> ana claims pat")
    play.drop()
    play.script("> ana says pat: Here it is\n< said channel=mail to=jane@example.org")


def test_a_broken_address_takes_no_good_ones_place() -> None:
    play = Play().script("> pat contact=jane@example.org: Hi\n> pat contact=jane@: more")
    assert play.of("pat").contact == "jane@example.org"


# ---- how it ends ---------------------------------------------------------------------------------------------------------------

SERVED = "> ana comes\n> ana serves north/ask\n> pat: Hi\n> ana claims pat"


def test_an_answer_that_nobody_got_does_not_end_as_answered() -> None:
    play = Play().script(f"{SERVED}\n> pat leaves\n> ana says pat: Here it is")
    play.drop()
    play.script("> ana closes pat as=answered\n< refused reason=answer-not-received")
    play.script("> +6min")
    assert (play.of("pat").code, "away" in told(play)[-1]) == ("unreached", True)


def test_nor_by_default() -> None:
    play = Play().script(f"{SERVED}\n> pat leaves\n> ana says pat: Here it is\n> ana closes pat")
    assert play.of("pat").code == "unreached"


def test_who_comes_back_and_reads_it_was_answered() -> None:
    play = Play().script(
        f"{SERVED}\n> pat leaves\n> ana says pat: Here it is\n> receipt pat read\n> ana closes pat as=answered"
    )
    assert play.of("pat").code == "answered"


def test_an_unread_answer_becomes_a_follow_up_where_there_is_an_address() -> None:
    play = Play().script(
        f"{SERVED}\n> pat contact=jane@example.org: me\n> ana says pat: Here it is\n> pat leaves\n> +6min"
    )
    it = play.of("pat")
    assert (it.code, bool(it.follow_up)) == ("follow_up_library", True)


def test_a_text_refused_after_stop_stays_unanswered() -> None:
    play = Play().script("> ana comes\n> ana serves north/ask\n> pat@sms: Hi\n> ana says pat@sms: Here it is")
    assert play.of("pat@sms").unanswered_since == 0
    play.script("> receipt pat@sms failed reason=opted-out\n> ana closes pat@sms as=answered\n< progressed; refused")
    it = play.of("pat@sms")
    assert (it.unanswered_since, it.turn) == (it.asked_at, "librarian")
    play.script("> ana closes pat@sms")
    assert play.of("pat@sms").code == "unreached"


def test_a_text_refused_after_the_end_corrects_the_code() -> None:
    play = Play().script(
        "> ana comes\n> ana serves north/ask\n> pat@sms: Hi\n> ana says pat@sms: Yes\n> ana closes pat@sms"
    )
    play.drop()
    play.script("> receipt pat@sms failed reason=opted-out\n< progressed stage=failed; recoded code=unreached by=")
    play.script("> ana recodes pat@sms as=answered\n< refused reason=answer-not-received")


# ---- who is with you -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "script", ["Welcome to North.", "{librarian} here.", "I am {librarian} from {home}, for {library}."]
)
def test_a_librarian_from_elsewhere_says_so_whatever_the_greeting(script: str) -> None:
    ours, theirs = cooperative()
    own = (Script(key="greeting", title="Greeting", text=script),)
    ours = Library(**{name: getattr(ours, name) for name in ours.__struct_fields__} | {"scripts": own})
    play = Play(ours, theirs).script("> sue comes\n> sue serves north/ask\n> pat: Hi\n> sue claims pat\n> +1s")
    assert all(name in told(play)[-1] for name in ("South Library", "North Library"))
    assert told(play)[-1].count("South Library") == 1


@pytest.mark.parametrize(
    "script", ["A colleague is here.", "{librarian} is here.", "Now it's {librarian} from {home}."]
)
@pytest.mark.parametrize("who, from_where", [("ben", "North Library"), ("sue", "South Library")])
def test_after_a_transfer_the_patron_reads_who_and_from_where_whatever_the_script(
    script: str, who: str, from_where: str
) -> None:
    ours, theirs = cooperative()
    own = (Script(key="transferred", title="Transferred", text=script),)
    play = Play(replace(ours, scripts=own), theirs).script(
        f"> {who} comes p1.w\n> ana comes\n> ana serves north/ask\n> pat: Hi\n> ana claims pat\n"
        f"> ana transfers pat to {who}\n> {who} accepts pat"
    )
    assert all(name in told(play)[-1] for name in (who.title(), from_where))
    assert told(play)[-1].count(from_where) == 1


def test_a_colleague_from_elsewhere_who_joins_says_so_whatever_the_script() -> None:
    ours, theirs = cooperative()
    own = (Script(key="joined", title="Joined", text="{librarian} has joined."),)
    play = Play(replace(ours, scripts=own), theirs).script(
        "> sue comes p1.w\n> ana comes\n> ana serves north/ask\n> pat: Hi\n> ana claims pat\n"
        "> ana transfers pat to sue\n> sue joins pat"
    )
    assert "Sue works at South Library and is helping North Library." in told(play)[-1]


def test_the_words_are_the_patron_s_librarys_whoever_answers() -> None:
    """Also where the librarian's own library has other words for the same moment."""
    ours, theirs = cooperative()
    north = (
        Script(key="greeting", title="", text="North greets."),
        Script(key="goodbye", title="", text="North says goodbye."),
    )
    south = tuple(replace(one, text=one.text.replace("North", "South")) for one in north)
    play = Play(replace(ours, scripts=north), replace(theirs, scripts=south)).script(
        "> sue comes\n> sue serves north/ask\n> pat: Hi\n> sue claims pat\n> sue says pat: Yes\n> sue closes pat"
    )
    assert [text.partition(".")[0] for text in told(play)] == ["North greets", "North says goodbye"]


def test_a_library_without_words_has_the_generic_ones_whoever_answers() -> None:
    ours, theirs = cooperative()
    other = (Script(key="goodbye", title="", text="South says goodbye."),)
    play = Play(ours, replace(theirs, scripts=other)).script(
        "> sue comes\n> sue serves north/ask\n> pat: Hi\n> sue claims pat\n> sue says pat: Yes\n> sue closes pat"
    )
    assert told(play)[-1] == ENGLISH["notice.goodbye"]


def test_a_library_that_greets_nobody_stays_silent() -> None:
    ours, theirs = cooperative()
    own = (Script(key="greeting", title="Greeting", text=""),)
    ours = Library(**{name: getattr(ours, name) for name in ours.__struct_fields__} | {"scripts": own})
    assert told(Play(ours, theirs).script("> sue comes\n> sue serves north/ask\n> pat: Hi\n> sue claims pat")) == []


def test_who_takes_over_says_from_where() -> None:
    play = Play().script(f"> ben comes\n{SERVED}\n> ana transfers pat to ben\n> ben accepts pat")
    assert "Ben from North Library is with you now" in told(play)[-1]


@pytest.mark.parametrize(
    "between",
    [
        "> ana releases pat\n> ana claims pat",
        "> ana closes pat\n> pat: Me again\n> ana claims pat",
        "> ana goes\n> +31s\n> ana comes\n> ana claims pat",
    ],
)
def test_nobody_introduces_themselves_twice(between: str) -> None:
    play = Play().script(f"{SERVED}\n{between}")
    assert play.of("pat").owner == "ana"
    assert events_told(play).count("greeting") == 1


def test_a_declined_transfer_tells_sender_and_patron() -> None:
    staff = (Librarian(id="ana", name="Ana", address="im|ana@x"), Librarian(id="ben", name="Ben"))
    play = Play(north(librarians=staff), channels=(WEB, IM)).script(
        "> ana comes p1.im|ana@x\n> ana serves north/ask\n> ben comes\n> pat: Hi\n> ana claims pat\n> ana transfers pat to ben"
    )
    play.drop()
    play.script(
        "> ben rejects pat\n< transfer-ended reason=rejected; relayed librarian=ana; noticed event=transfer-back to=pat"
    )
    assert "Ana will stay with you" in told(play)[-1]
