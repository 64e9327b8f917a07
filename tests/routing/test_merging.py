"""Merging: one row, one owner, one place for answers; and taken back, two patrons as before."""

from __future__ import annotations

from bridge.contract.message import Close, Erase, Merge, Reopen, Unmerge
from tests.routing.play import Play

BOTH = "> ana comes\n> ana serves north/ask\n> ben comes p2.b\n> ben serves north/ask\n"


def merged(first: str, second: str, *, more: str = "") -> tuple[Play, str, str]:
    """Return a desk where Ana has the first conversation and merged the second into it, and the two."""
    play = Play().script(f"{BOTH}> {first}: Hi\n> ana claims {first}\n> {second}: It is me\n{more}")
    one, other = play.id_of(first), play.id_of(second)
    play.act("ana", Merge(conversation=one, other=other))
    return play, one, other


def test_what_waits_goes_on_in_what_is_open() -> None:
    play, one, other = merged("pat", "pat@sms")
    assert [it.id for it in play.state.conversations.values() if it.state != "closed"] == [one]
    assert play.state.waiting_in("north/ask") == 0
    assert play.state.conversations[other].code == "merged"
    play.script("> pat@sms: More\n< received conversation=pat")


def test_it_does_not_matter_from_which_side() -> None:
    play = Play().script(f"{BOTH}> pat: Hi\n> ana claims pat\n> pat@sms: It is me")
    one, other = play.id_of("pat"), play.id_of("pat@sms")
    play.act("ana", Merge(conversation=other, other=one))
    assert (play.state.conversations[one].owner, play.state.conversations[other].state) == ("ana", "closed")


def test_answers_go_where_the_patron_wrote_last() -> None:
    play, one, other = merged("pat", "pat@sms")
    play.drop()
    play.script(
        "> ana says pat: By text\n< said channel=sms\n> pat: Here again\n> ana says pat: In the chat\n< received; said channel=web"
    )
    assert play.state.conversations[other].state == "closed"
    again, _, _ = merged("pat@sms", "pat", more="> pat@sms: Later by text")
    again.drop()
    again.script("> ana says pat@sms: By text\n< said channel=sms")
    assert one


def test_a_question_that_waited_is_still_to_be_answered() -> None:
    play = Play().script(f"{BOTH}> pat: Hi\n> ana says pat: Hello\n> pat@sms: But what about this?")
    asked = play.of("pat@sms").unanswered_since
    play.act("ana", Merge(conversation=play.id_of("pat"), other=play.id_of("pat@sms")))
    assert (play.of("pat").unanswered_since, play.of("pat").turn) == (asked, "librarian")


def test_taken_back_it_waits_where_it_waited() -> None:
    play, one, other = merged("pat", "pat@sms")
    since = play.state.conversations[other].since
    play.act("ana", Unmerge(conversation=one, other=other))
    it = play.state.conversations[other]
    assert (it.state, it.since, it.into, it.unanswered_since > 0) == ("waiting", since, "", True)
    play.drop()
    play.script("> pat@sms: Hello?\n< received conversation=pat@sms\n> ana says pat: For you\n< said channel=web")


def test_taken_back_it_is_whose_it_was() -> None:
    play, one, other = merged("pat", "pat@sms", more="> ana claims pat@sms")
    play.act("ana", Unmerge(conversation=other, other=one))
    assert play.state.conversations[other].owner == "ana"


def test_a_colleague_keeps_their_own() -> None:
    play, one, other = merged("pat", "pat@sms", more="> ben claims pat@sms")
    assert [play.state.conversations[it].owner for it in (one, other)] == ["ana", "ben"]


def test_a_thread_of_the_other_joins_the_one_that_goes_on() -> None:
    play, one, other = merged("pat", "pat@mail")
    play.script(f"> pat@mail thread={other}: And this\n< received conversation=pat")
    assert play.state.conversations[one].channel == "mail"


def test_what_goes_on_elsewhere_is_not_opened_again() -> None:
    play, _, other = merged("pat", "pat@sms")
    play.act("ben", Reopen(conversation=other))
    assert play.state.conversations[other].state == "closed"
    play.script(f"> ana closes pat\n> pat@sms: Again\n> ana says {other}: Hm")
    assert play.state.conversations[other].state == "closed"


def test_three_become_one() -> None:
    play, one, other = merged("pat", "pat@sms")
    play.script("> pat@mail: And by mail")
    third = play.id_of("pat@mail")
    play.act("ana", Merge(conversation=one, other=third))
    assert [play.state.conversations[it].into for it in (other, third)] == [one, one]
    play.act("ana", Unmerge(conversation=one, other=third))
    assert [play.state.conversations[it].state for it in (one, other, third)] == ["active", "closed", "waiting"]


def test_a_transfer_taken_back_takes_back_nothing_else() -> None:
    play = Play().script(f"{BOTH}> pat: Hi\n> ana claims pat\n> ana transfers pat to ben")
    play.drop()
    play.script(
        "> ana withdraws pat\n< transfer-ended reason=withdrawn\n> ana withdraws pat\n< refused reason=transfer-over"
    )
    assert play.of("pat").owner == "ana"


def test_no_address_leads_to_what_is_forgotten() -> None:
    """The absorbed one's address leads to the other, also where answers never went there."""
    play = Play().script(f"{BOTH}> pat: Hi\n> amy: Me too")
    one, other = play.id_of("amy"), play.id_of("pat")
    play.act("ana", Merge(conversation=one, other=other))
    left = next(it.id for it in play.state.conversations.values() if it.state != "closed")
    play.act("ana", Close(conversation=left))
    play.wait(90_000_000)
    assert not play.state.conversations
    assert not play.state.addresses
    play.script("> pat: Again\n< opened; received; queued; offered")


def test_the_absorbed_one_is_kept_as_long_as_the_other() -> None:
    """So its address leads on, however long the other stays open."""
    play, one, other = merged("pat@mail", "pat@sms")
    play.wait(15 * 86_400_000)
    assert other in play.state.conversations
    play.drop()
    play.script("> pat@sms: Still me\n< received conversation=pat@mail")
    assert one


def test_a_chat_merged_into_mail_whose_owner_went_home_is_asked_for_again() -> None:
    """A mail stays with its owner overnight; somebody who sits at a chat does not wait for them."""
    play = Play().script(f"{BOTH}> pat@mail: Hi\n> ana claims pat@mail\n> ana goes\n> +60s\n> pat: And now by chat")
    play.act("ben", Merge(conversation=play.id_of("pat"), other=play.id_of("pat@mail")))
    [head] = [it for it in play.state.conversations.values() if it.state != "closed"]
    assert (head.live, head.state, head.owner) == (True, "waiting", "")


def test_one_that_is_taken_back_after_its_time_is_dropped_at_once() -> None:
    """It ended long before it was merged; nothing is left that keeps it."""
    play = Play().script(f"{BOTH}> pat: Hi\n> ana claims pat\n> ana closes pat")
    one = play.id_of("pat")
    play.script("> +1000s\n> pat@mail: Hi again\n> ana claims pat@mail")
    other = play.id_of("pat@mail")
    play.act("ana", Merge(conversation=other, other=one))
    play.wait(90_000_000)
    assert play.state.conversations[one].into == other
    play.act("ana", Unmerge(conversation=other, other=one))
    assert one not in play.state.conversations
    assert play.state.conversations[other].state == "active"


def test_an_address_that_was_merged_and_forgotten_leads_nowhere() -> None:
    """Not to the conversation that goes on, and not to nothing when that one goes too."""
    play = Play().script(f"{BOTH}> pat: Hi\n> ana claims pat\n> amy: Me too\n> +1s\n> pat: And I")
    head, gone = play.id_of("pat"), play.id_of("amy")
    play.act("ana", Merge(conversation=head, other=gone))
    play.give(Erase(id="order", conversation=gone, follow_up=True))
    assert gone not in play.state.conversations
    play.drop()
    play.script("> amy: It is me again\n< opened; received; queued; offered")
    play.act("ana", Close(conversation=head))
    play.wait(90_000_000)
    assert head not in play.state.conversations


def test_what_is_taken_back_has_its_address_again_and_nothing_leads_nowhere() -> None:
    """It was closed when it was merged, and the other never answered at its address."""
    play = Play().script(f"{BOTH}> pat: Hi\n> ana claims pat\n> ana closes pat")
    one = play.id_of("pat")
    play.script("> mel: Hello\n> ana claims mel\n> mel: One thing more")
    other = play.id_of("mel")
    play.act("ana", Merge(conversation=other, other=one))
    assert play.id_of("pat") == other
    play.act("ana", Unmerge(conversation=other, other=one))
    assert play.id_of("pat") == one
    play.script("> ana closes mel\n> +49h")
    assert play.state.addresses == {}
