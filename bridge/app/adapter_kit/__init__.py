"""A package for a new kind of channel, written for its author: it passes the conformance suite against a network in memory."""
