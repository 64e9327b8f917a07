"""Mastodon: patrons write private mentions to the library's account on any server of the fediverse."""
