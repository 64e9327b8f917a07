"""Running the core: one process holds the lease of a consortium, reads inputs, decides and commits.

The rules are in `routing`; here is the process around them. Begin with `runner`, then `leadership` (from taking the lease to
losing it) and `batch` (the content of one commit). May import log, redis and the rooms below.
"""
