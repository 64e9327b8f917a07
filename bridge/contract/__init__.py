"""The contract: all that an author of an adapter imports, and the vocabulary of the streams.

Imports nothing of ours. Begin with `adapter` (what the code of a channel must offer and what it gets), then `message` (what goes in
and what comes out). Adapters also use `address` (is this a mail address), `language_tag`, `sealed_token` (signed tokens),
`token_bucket` (limits), `memory` (rows that outlive the process and the host), `opt_outs` and `segments` (texts),
`formatting` (bold words, named links and lists of an answer), and `public_address` (may we call it).
`bounds` is for the daemon alone.
"""
