"""The contract: what an author of an adapter imports, and the vocabulary of the streams.

Imports nothing of ours. Begin with `adapter` (what a channel's code must offer and what it gets), then `message` (what goes in
and what comes out).
"""
