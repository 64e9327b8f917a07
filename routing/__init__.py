"""The core of the desk: pure functions from inputs to events, and from events to state.

- `state`, `records`, `waiting_list`, `roster`, `organisation`: what is remembered, and the look-ups.
- `core`, `decision`, `events`, `wire`: `step` and `apply` as two tables, and how it is written.
- `conversation`, `messages`: patrons write, librarians answer.
- `offers`, `assign`, `ownership`, `claims`, `transfers`, `joining`, `librarians`: who is asked, who has it, who is present.
- `closing`, `kinds`, `patron_end`, `followups`, `patrons`: how it ends, how it counts, what is left to do, who the patron is.
- `rating`, `transcripts`, `erasure`: what a patron may ask for.
- `deliveries`, `wording`: what goes out, in which words, and what became of it.
- `standing`, `reach`: what may be said of the desk, and which channel carries an answer.
- `deadlines`, `timers`, `hours`: time, as data.
- `desk_view`, `access`, `refusals`: what channels and the inbox ask, and how an action is refused.
- `history`: how entries of 0.1.0 are read.
- `invariants`: what must always hold.

A module holds its rules first. Below the line `fold` is what its events change. A rule decides and emits events;
a fold only does what the event says. So a rule may change, and an old log still gives the state that it gave.
"""
