"""The core of the desk: pure functions from inputs to events, and from events to state.

state.py records.py line.py roster.py   what is remembered, and the look-ups
core.py turn.py wire.py                 decide and evolve as two tables; how it is written
conversation.py speech.py               patrons write, librarians answer
offers.py assign.py holding.py claims.py transfers.py librarians.py   who is asked, who has it, who is there
closing.py followups.py patrons.py      how it ends, what is left to do, who the patron is
rating.py                               what the patron says of it
transcripts.py                          what the patron has mailed to an address of his own
deliveries.py wording.py                what goes out, in which words, and what became of it
standing.py reach.py                    what may be said of the desk, and which channel carries an answer to an address
deadlines.py timers.py hours.py         time, as data
desk.py access.py                       questions for channels and the inbox
invariants.py                           what must always hold

Rules of other desks that we leave out, and why:

routing/15  a conversation held by a bot: there are no bots at this desk; a librarian answers.
routing/33  bots first: as above.
routing/34  no bots, no bot rule: as above.
routing/16  moving to a team clears the assignee: a transfer is an offer here, and stays with its sender until somebody accepts
            (practice: "returns to the sender, never to limbo").
routing/17  moving to a team assigns one of its members at once: as above; the member is asked first.
routing/25  assigning to somebody who is idle: being there is an explicit opt-in per queue here, not a guess from the keyboard.
"""
