"""Calls in a window of the desk's own: its page, the way by which the two sides find each other, and TURN.

What is seen and heard goes from browser to browser, through a TURN server; here come only the few words by which they meet, and
nothing of those is kept. That a call was offered, accepted and ended is the core's to know (`routing.calls`).

May import `sql` and what is below it, and its neighbour `channels` (signals, the way in). Begin with `settings`, then `links`.
"""
