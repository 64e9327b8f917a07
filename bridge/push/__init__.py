"""Web Push: notices that reach a device while no page of ours is open on it (RFC 8030, 8291, 8292).

A notice says what kind of thing happened and in which library, never what anybody wrote. `worker` follows the log and says whom a
step calls; `sending` hands notices to the browsers' push services. Begin with `news`, which holds the rules.
It may import from sql and everything below, and the rules about public hosts from hours.
"""
