"""Instant messaging (XMPP): the library is a buddy in any messenger."""
