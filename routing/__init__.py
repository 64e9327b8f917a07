"""The core of the desk: pure functions from inputs to events, and from events to state.

state.py records.py waiting_list.py roster.py organisation.py   what is remembered, and the look-ups
core.py decision.py events.py wire.py                           `step` and `apply` as two tables; how it is written
conversation.py messages.py                                     patrons write, librarians answer
offers.py assign.py ownership.py claims.py transfers.py joining.py librarians.py   who is asked, who has it, who is present
closing.py followups.py patrons.py                              how it ends, what is left to do, who the patron is
rating.py                                                       what the patron says of it
transcripts.py                                                  the transcript by mail
erasure.py                                                      what a patron has deleted
deliveries.py wording.py                                        what goes out, in which words, and what became of it
standing.py reach.py                                            what may be said of the desk; which channel carries an answer
deadlines.py timers.py hours.py                                 time, as data
desk_view.py access.py refusals.py                              questions of channels and the inbox; how an action is refused
history.py                                                      how entries of 0.1.0 are read
invariants.py                                                   what must always hold

A module holds its rules first, then, below the line `fold`, what its events change. A rule decides and emits events;
a fold only does what the event says. So a rule may change, and an old log still gives the state that it gave.
"""
