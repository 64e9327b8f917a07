"""Codes and their rules, corrections, beginning again, follow-ups, forms left after hours, blocks, names, merging."""

from __future__ import annotations

import pytest

from bridge.contract.message import Close, Merge, QuestionKind, QuestionTaken, Say, Unmerge
from routing.events import deliveries
from routing.kinds import counts_as_reference
from routing.organisation import CounterSettings, Library, Script
from tests.routing.play import Play, assigning, north

TALKING = """
    > ana comes
    > ana serves north/ask
    > pat: Hi
    > ana claims pat
"""


def talking(*libraries: Library) -> Play:
    return Play(*libraries).script(TALKING)


def test_default_code_is_marked() -> None:
    talking().script("> ana closes pat\n< noticed; closed code=answered by_default=True")
    talking(north(default_code="practice")).script("> ana closes pat\n< noticed; closed code=practice by_default=True")


def test_a_lost_call_only_if_the_patron_said_nothing_after_somebody_joined() -> None:
    talking().script("> ana closes pat as=lost_call\n< closed code=lost_call by_default=False")
    talking().script("> pat: Hello?\n> ana closes pat as=lost_call\n< received; refused reason=lost-call-patron-wrote")


def test_an_end_is_refused_where_the_patron_wrote_after_what_was_seen() -> None:
    play = talking()
    seen = play.of("pat").asked_at
    play.script("> pat: And another thing")
    play.act("ana", Close(conversation=play.id_of("pat"), seen_at=seen))
    assert play.of("pat").state == "active"
    play.act("ana", Close(conversation=play.id_of("pat"), seen_at=play.of("pat").asked_at))
    assert play.of("pat").state == "closed"


def test_a_lost_call_only_without_an_address() -> None:
    play = Play().script("> ana comes\n> pat: write to jane@example.org please\n> ana claims pat")
    play.script("> ana closes pat as=lost_call\n< refused reason=lost-call-has-address")
    play = Play().script("> ana comes\n> pat contact=jane@example.org: Hi\n> ana claims pat")
    play.script("> ana closes pat as=lost_call\n< refused reason=lost-call-has-address")


def test_codes_that_cannot_be() -> None:
    talking(north(descriptive=("loans", "hours"))).script(
        """
        > ana closes pat as=nonsense
        < refused reason=unknown-code
        > ana closes pat about=loans,parking
        < refused reason=unknown-descriptive
        > ana closes pat about=loans,hours,loans,hours,loans
        < refused reason=too-many-codes
        > ana closes pat read=7
        < refused reason=read-scale
        > ben closes pat
        < refused reason=taken holder=ana
        > ana closes pat about=loans,hours read=3
        < noticed; closed descriptive=loans,hours read_scale=3
        > ana closes pat
        < refused reason=closed
        """
    )


def test_kind_and_level_of_each_question_say_how_a_conversation_counts() -> None:
    """Kinds decide, those of codes where a question has none; the highest level is the conversation's; a librarian is believed."""
    kinds: dict[str, QuestionKind] = {"loans": "reference", "hours": "directional"}
    here = north(descriptive=("loans", "hours", "parking"), counter=CounterSettings(code_kinds=kinds))
    for told, expected in {
        "about=parking": "reference=None",
        "about=hours": "reference=False",
        "about=hours,loans": "reference=True",
        "questions=technical:1,reference:4,other:": "read_scale=4 reference=True",
        "about=loans questions=directional:2": "read_scale=2 reference=False",
        "about=loans questions=:2,technical:": "read_scale=2 reference=True",
        "questions=:2": "reference=None",
        "read=5 questions=reference:2": "read_scale=5 reference=True",
    }.items():
        talking(here).script(f"> ana closes pat {told}\n< noticed; closed {expected}")
    denied = Close(conversation="", questions=(QuestionTaken(kind="reference"),), reference=False)
    assert counts_as_reference(here, denied) is False
    talking(here).script(
        """
        > ana closes pat questions=reference:7
        < refused reason=read-scale
        > ana closes pat
        > ana recodes pat as=answered questions=reference:6,directional:1
        < noticed; closed reference=None; recoded reference=True read_scale=6
        """
    )


def test_corrections_say_who_and_what_before() -> None:
    talking().script(
        """
        > ana recodes pat as=practice
        < refused reason=not-closed
        > ana closes pat
        > ben recodes pat as=practice read=2
        < noticed; closed; recoded by=ben code=practice before=answered read_scale=2
        > ben recodes pat as=nonsense
        < refused reason=unknown-code
        > ben recodes long-forgotten as=practice
        < recoded before= code=practice
        """
    )


def test_reopened_by_a_librarian_is_his() -> None:
    play = talking().script(
        """
        > ana reopens pat
        < done
        > ben reopens pat
        < refused reason=taken holder=ana
        > ana closes pat
        > ben reopens pat
        < noticed; closed; reopened by=ben; claimed by=ben how=reopen
        """
    )
    assert play.owner("pat") == "ben"


@pytest.mark.parametrize("end", ["> pat leaves\n> ana closes pat", "> ana closes pat\n> pat leaves"])
def test_who_has_left_is_answered_at_his_address_when_a_librarian_opens_it_again(end: str) -> None:
    play = talking().script(f"> pat contact=jane@example.org: Hm\n> ana says pat: I shall look\n{end}")
    play.script("> +5min\n> ana reopens pat\n> ana says pat: Here it is")
    assert [one.to for step in play.log for one in deliveries(step) if one.text == "Here it is"] == ["jane@example.org"]


def test_who_has_come_back_is_answered_there_when_a_librarian_opens_it_again() -> None:
    play = talking().script("> pat contact=jane@example.org: Hm\n> ana says pat: I shall look\n> pat leaves")
    play.script(
        """
        > ana closes pat
        > pat returns
        < closed; patron-gone gone=False
        > ana reopens pat
        > ana says pat: Here it is
        < reopened; claimed; said channel=web to=pat
        """
    )


def test_who_leaves_what_was_not_answered_after_its_end_is_not_noted() -> None:
    talking().script("> pat contact=jane@example.org: Hm\n> ana closes pat").script("> pat leaves\n< nothing")


def test_a_follow_up_needs_an_address_that_reaches_the_patron() -> None:
    play = talking().script(
        """
        > ana closes pat as=follow_up_library
        < refused reason=follow-up-needs-address
        > ana closes pat as=follow_up_library to=nonsense
        < refused reason=address-not-understood
        > ana closes pat as=follow_up_library to=Jane@Example.org
        < noticed event=follow-up; closed code=follow_up_library; follow-up-opened owner= library=north
        """
    )
    (one,) = play.state.follow_ups.values()
    assert (one.state, one.plan.address) == ("new", "jane@example.org")
    assert one.plan.deadline == one.opened_at + 172_800_000


def test_a_text_messages_own_number_will_do() -> None:
    play = Play().script("> ana comes\n> 4917012345@sms: Hi\n> ana claims 4917012345@sms")
    play.script("> ana closes 4917012345@sms as=follow_up_me\n< closed; follow-up-opened owner=ana")


def test_follow_ups_change_hands_and_end() -> None:
    play = talking().script("> ana closes pat as=follow_up_me to=jane@example.org deadline=+3d")
    play.script(
        """
        > ana sets pat open owner=ana
        < done
        > ben sets pat pending owner=ben
        < follow-up-changed state=pending owner=ben by=ben
        > ben sets pat open owner=nobody
        < refused reason=unknown-owner
        > +3d
        < reminded what=follow-up-due
        > +10d
        < nothing
        > ben sets pat closed
        < follow-up-changed state=closed
        > +24h
        < forgotten
        """
    )
    assert not play.state.follow_ups


def test_a_follow_up_of_mine_that_is_left_to_the_library_is_nobodys() -> None:
    play = talking().script("> ana closes pat as=follow_up_me to=jane@example.org\n> ana reopens pat")
    play.script("> ana closes pat as=follow_up_library\n< noticed; closed; follow-up-changed state=new owner=")
    (one,) = play.state.follow_ups.values()
    assert (one.state, one.owner) == ("new", "")


def test_an_open_follow_up_keeps_its_conversation_at_hand() -> None:
    play = talking().script("> ana closes pat as=follow_up_me to=jane@example.org\n> +30d")
    play.script("> ana reopens pat\n< reopened; claimed")
    play.script(
        """
        > ana says pat: Here is your answer
        < said channel=mail to=jane@example.org
        > ana closes pat as=answered
        < closed; follow-up-changed state=closed
        """
    )


def test_a_form_left_while_closed_is_a_follow_up_answered_by_mail() -> None:
    play = Play(north(openings=())).script(
        """
        > pat later=1 contact=jane@example.org name=Jane: When do you open?
        < opened live=False; received; queued; follow-up-opened owner= name=Jane; noticed event=form-kept channel=web
        > ana says pat: At eight
        < claimed by=ana; said channel=mail to=jane@example.org
        """
    )
    assert play.of("pat").channel == "mail"
    play.write("jane@example.org@mail", "Thank you", thread=play.id_of("pat"))
    assert play.state.addresses["mail|jane@example.org"] == play.of("pat").id


VISITED = """
    > ana comes
    > ana serves north/ask
    > vic@x.org@mail subject=Loan: my own question
    > mallory contact=vic@x.org: Where is the map room?
    > ana claims mallory
    > mallory leaves
    > ana says mallory: On the second floor
"""


def test_an_address_that_was_only_left_brings_nobody_elses_mail() -> None:
    play = Play().script(VISITED)
    assert play.of("mallory").channel == "mail"
    own = play.id_of("vic@x.org@mail")
    assert own != play.id_of("mallory")
    play.script(
        """
        > vic@x.org@mail subject=RE:Loan: one thing more
        < received conversation=vic@x.org@mail
        > vic@x.org@mail subject=Private: something that concerns nobody else
        < opened; received; queued; offered
        """
    )
    assert play.state.conversations[play.id_of("vic@x.org@mail")].previous == own


def test_who_answers_with_the_thread_has_had_the_answer() -> None:
    play = Play().script(VISITED)
    thread = play.id_of("mallory")
    play.script(f"> vic@x.org@mail thread={thread}: Who are you?\n< patron-gone; received conversation=mallory")


def answered_by_text(before: str = "") -> Play:
    talk = "> ana comes\n> ana serves north/ask\n> pat contact=4915123: Hi\n> ana claims pat\n> pat leaves\n"
    return Play(north(contact_channel="sms")).script(before + talk + "> ana says pat: Here it is")


def test_a_text_to_an_address_that_was_left_is_answered_in_the_same_conversation() -> None:
    answered_by_text().script("> 4915123@sms: Thanks\n< patron-gone gone=False; received conversation=pat")


def test_but_not_when_another_conversation_with_that_number_is_open() -> None:
    play = answered_by_text("> 4915123@sms: my own question\n")
    assert play.of("pat").channel == "sms"
    play.script("> 4915123@sms: hello?\n< received conversation=4915123@sms")


def test_a_patron_who_left_is_answered_at_the_address_he_left() -> None:
    play = Play().script(
        """
        > ana comes
        > ana serves north/ask
        > pat contact=jane@example.org: Hi
        > ana says pat: Let me see
        < connected; availability; opened; received; queued; offered; claimed; noticed; said channel=web to=pat
        > pat leaves
        < patron-gone gone=True
        > ana says pat: Here it is
        < said channel=mail to=jane@example.org
        > pat: I am back on the page
        < patron-gone gone=False; received
        > ana says pat: Welcome back
        < said channel=web to=pat
        """
    )
    routes = {route.channel for route in play.of("pat").routes}
    assert routes == {"mail"}


def test_after_half_an_hour_an_answer_goes_to_the_address_too() -> None:
    Play().script("> ana comes\n> pat contact=jane@example.org: Hi\n> +31min").script(
        "> ana says pat: Sorry for the wait\n< claimed; noticed channel=web; said channel=mail"
    )


def test_via_names_another_address_of_the_same_patron_only() -> None:
    play = talking().script(
        """
        > pat contact=jane@example.org: mail me
        < received; identified contact=jane@example.org
        > ana says pat via=sms|+491: Hi
        < refused reason=unknown-address
        > ana says pat via=mail|jane@example.org: Hi
        < said channel=mail to=jane@example.org
        > ana says pat via=web|pat: and here
        < said channel=web to=pat
        """
    )
    assert play.of("pat").live


def test_merged_conversations_share_their_addresses() -> None:
    play = talking().script("> mel@sms: it is me again")
    other = play.id_of("mel@sms")
    play.script(
        """
        > ana merges pat nobody
        < refused reason=unknown-conversation
        > ana merges pat mel@sms
        < merged; closed code=merged
        > ana says pat: where the patron wrote last
        < said channel=sms to=mel
        > ana merges pat pat
        < refused reason=itself
        > ana says pat via=sms|mel: by text then
        < said channel=sms to=mel
        """
    )
    play.script(f"> ana merges pat {other}\n< done")
    play.script(f"> ana unmerges pat {other}\n< unmerged; reopened; queued; offered")
    play.script(f"> ana unmerges pat {other}\n< refused reason=not-merged")


def test_blocked_and_not_kept_until_lifted_or_over() -> None:
    talking().script(
        """
        > ana blocks pat
        < blocked channel=web address=pat
        > pat: nasty
        < turned-away address=pat
        > ana blocks pat
        < done
        > ana unblocks web pat
        < unblocked by=ana
        > ana unblocks web pat
        < refused reason=not-blocked
        > ana blocks pat until=+60s
        > +61s
        < blocked; unblocked by=
        > pat: sorry
        < received
        """
    )


NAMED = """
    > pat contact=stranger@example.org: Hi
    > pat leaves
    > ana says pat: Here it is
"""


def test_an_address_that_was_only_named_is_not_blocked_in_place_of_the_patrons() -> None:
    talking().script(NAMED).script(
        """
        > ana blocks pat
        < blocked channel=web address=pat
        > pat: nasty
        < turned-away address=pat
        > stranger@example.org@mail: Hello
        < opened; received; queued; offered
        """
    )


def test_what_came_with_proof_from_the_named_address_makes_it_the_patrons() -> None:
    play = talking().script(NAMED)
    play.write("stranger@example.org@mail", "It was me", thread=play.id_of("pat"))
    play.script("> ana blocks pat\n< blocked channel=mail address=stranger@example.org")


def test_names_and_addresses_are_written_down() -> None:
    talking().script(
        """
        > ben identifies pat name=Jane contact=JANE@example.org
        < identified by=ben name=Jane contact=jane@example.org
        > ben identifies pat name=Jane
        < done
        > ben identifies pat contact=somewhere
        < refused reason=address-not-understood
        """
    )


def test_a_library_may_choose_its_own_words_or_none() -> None:
    own = (
        Script(key="greeting", title="", text="Hi {patron}, {librarian} here"),
        Script(key="goodbye", title="", text=""),
    )
    Play(north(scripts=own)).script(
        """
        > ana comes
        > pat name={librarian}: Hi
        > ana claims pat
        < connected; opened; received; queued; noticed; claimed; noticed text=Hi_{librarian},_Ana_here
        > ana closes pat
        < closed
        """
    )


def test_a_form_that_joins_a_conversation_is_a_follow_up_too() -> None:
    talking().script(
        """
        > pat later=1 contact=jane@example.org: I have to go
        < received; identified; follow-up-opened; noticed event=form-kept; patron-gone gone=True
        > pat later=1 contact=jane@example.org: sent twice
        < patron-gone gone=False; received; noticed event=form-kept; patron-gone gone=True
        > ana says pat: Here it is
        < said channel=mail to=jane@example.org
        """
    )


def test_a_second_form_says_where_the_answer_goes_and_it_goes_there() -> None:
    play = talking().script(
        """
        > pat later=1 contact=jane@exmaple.org: I have to go
        > ana sets pat pending owner=ana
        < received; identified; follow-up-opened; noticed; patron-gone; follow-up-changed
        > pat later=1 contact=jane@example.org: I had mistyped it
        < patron-gone; received; identified; follow-up-changed state=pending owner=ana by=; noticed; patron-gone
        """
    )
    (one,) = play.state.follow_ups.values()
    assert (one.plan.address, one.plan.question, one.state) == ("jane@example.org", "I have to go", "pending")
    assert deliveries(play.log[-1])[-1].text.endswith("send the answer to jane@example.org.")
    play.script("> pat later=1: One thing more\n< patron-gone; received; noticed event=form-kept; patron-gone")


def test_a_machines_reply_is_shown_and_opens_nothing_again() -> None:
    play = Play().script(
        """
        > ana comes
        > ana serves north/ask
        > pat@mail subject=A: A question
        > ana claims pat@mail
        > ana closes pat@mail as=answered
        < connected; availability; opened; received; queued; offered; claimed; closed
        > pat@mail subject=A marks=automatic: I am away until Monday
        < received
        """
    )
    it = play.of("pat@mail")
    assert it.state == "closed"
    assert it.last_text == "I am away until Monday"
    play.script(
        """
        > pat@mail subject=A: Thank you
        < reopened; received; claimed by=ana how=reopen
        """
    )


def merged() -> tuple[Play, str, str]:
    """Return a desk where Ana has taken Ben's conversation with Bob for one of Amy's, and the two conversations."""
    play = Play().script(
        "> ana comes\n> ben comes p2.b\n> amy: A\n> bob@sms: B\n> ana claims amy\n> ben claims bob@sms"
    )
    amy, bob = play.id_of("amy"), play.id_of("bob@sms")
    play.act("ana", Merge(conversation=amy, other=bob))
    return play, amy, bob


def test_what_was_merged_by_mistake_is_answered_at_its_own_address_again() -> None:
    play, amy, bob = merged()
    play.act("ana", Say(conversation=amy, text="Is this you, too?", via="sms|bob"))
    play.script("> bob@sms: No\n< received conversation=amy")
    play.act("ana", Unmerge(conversation=amy, other=bob))
    play.act("ana", Say(conversation=amy, text="What only Amy is to know"))
    assert [one.to for one in deliveries(play.log[-1])] == ["amy"]
    play.script("> bob@sms: Hello?\n< received conversation=bob@sms")
    play.script("> amy: Thank you\n< received conversation=amy")


def test_who_has_the_other_s_address_no_more_makes_room() -> None:
    play = Play(assigning()).script("> ana comes\n> ana serves north/ask live=2\n> amy: A\n> bob@sms: B")
    amy, bob = play.id_of("amy"), play.id_of("bob@sms")
    play.act("ana", Merge(conversation=bob, other=amy))
    play.act("ana", Say(conversation=bob, text="Is this you, too?", via="web|amy"))
    play.script("> cid: C\n> dan: D\n< opened; received; queued; claimed; noticed; opened; received; queued")
    play.act("ana", Unmerge(conversation=bob, other=amy))
    assert [play.owner(one) for one in ("bob@sms", "amy", "cid", "dan")] == ["ana", "ana", "ana", ""]
    assert (play.state.conversations[bob].channel, play.state.conversations[amy].channel) == ("sms", "web")


def test_an_address_that_was_lent_leads_home_when_who_had_it_is_forgotten() -> None:
    play, amy, bob = merged()
    play.act("ana", Say(conversation=amy, text="To both of you", via="sms|bob"))
    play.act("ana", Close(conversation=amy))
    play.script("> +15d\n< forgotten")
    play.script("> bob@sms: Is there any news?\n< received conversation=bob@sms")
    assert bob in play.state.conversations
