"""Channels at work: from configured adapters to sessions, messages in and deliveries out.

`supervisor` keeps every channel running; `channel` is one channel's life: lease, sessions, drain. `inbound` is the way in,
`outbound` the way out. `desk_status` is what a channel may tell patrons about the desk, `signals` are typing and the like.
May import sql, core and the rooms below.
"""
