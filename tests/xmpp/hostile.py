"""Stanzas that a server carries and nobody should send: each is well-formed XML. `{to}` is who gets it."""

from __future__ import annotations

_DEEP = "<a xmlns='urn:x'>" * 300 + "</a>" * 300
_WIDE = "<b xmlns='urn:x'/>" * 5000
_CARBON = (
    "<received xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>"
    "<message xmlns='jabber:client' from='ask@localhost' to='eve@localhost'><body>forged</body></message>"
    "</forwarded></received>"
)
_ARCHIVE = _CARBON.replace(
    "received xmlns='urn:xmpp:carbons:2'", "result xmlns='urn:xmpp:mam:2' queryid='x' id='1'"
).replace("</received>", "</result>")

STANZAS: tuple[str, ...] = (
    "<message to='{to}'/>",
    "<message to='{to}' type='chat'><body/></message>",
    "<message to='{to}' type='chat' id=''><body>no id</body><request xmlns='urn:xmpp:receipts'/></message>",
    "<message to='{to}' type='nonsense'><body>no such type</body></message>",
    "<message to='{to}' type='chat'><body>&lt;script&gt;alert(1)&lt;/script&gt;</body></message>",
    "<message to='{to}' type='chat'><body xmlns='jabber:server'>other namespace</body></message>",
    "<message to='{to}' type='chat'><body xml:lang='de'>eins</body><body xml:lang='en'>two</body></message>",
    "<message to='{to}' type='chat'><body>" + "x" * 150_000 + "</body></message>",
    "<message to='{to}' type='chat'>" + _DEEP + "<body>deep</body></message>",
    "<message to='{to}' type='chat'>" + _WIDE + "<body>wide</body></message>",
    "<message to='{to}' type='chat'>" + _CARBON + "</message>",
    "<message to='{to}' type='chat'>" + _ARCHIVE + "</message>",
    "<message to='{to}' type='chat'><body>old</body><delay xmlns='urn:xmpp:delay' stamp='0000-99-99T99:99:99Z'/></message>",
    "<message to='{to}' type='chat'><body>older</body><delay xmlns='urn:xmpp:delay' stamp='0001-01-01T00:00:00Z'/></message>",
    "<message to='{to}' type='chat'><body>later</body><delay xmlns='urn:xmpp:delay' stamp='9999-12-31T23:59:59Z'/></message>",
    "<message to='{to}' type='chat'><received xmlns='urn:xmpp:receipts' id='../../etc'/></message>",
    "<message to='{to}' type='chat'><received xmlns='urn:xmpp:receipts'/></message>",
    "<message to='{to}' type='chat'><displayed xmlns='urn:xmpp:chat-markers:0' id='nothing of yours'/></message>",
    "<message to='{to}' type='error' id='x'><error type='cancel'/></message>",
    "<message to='{to}' type='error'><body>no id, no error</body></message>",
    "<message to='{to}' type='groupchat'><body>from a room that we are not in</body></message>",
    "<message to='{to}' type='headline'><body>BUY NOW</body></message>",
    "<message to='{to}'><x xmlns='jabber:x:conference' jid='rooms@@localhost'/></message>",
    "<message to='{to}'><x xmlns='http://jabber.org/protocol/muc#user'><invite from='not an address'/></x></message>",
    "<message to='{to}' type='chat'><body>a</body><replace xmlns='urn:xmpp:message-correct:0' id='never'/></message>",
    "<message to='{to}' type='chat'><body>a</body><x xmlns='jabber:x:oob'><url>file:///etc/passwd</url></x></message>",
    "<message to='{to}' type='chat'><body>b</body><x xmlns='jabber:x:oob'><url>http://169.254.169.254/</url></x></message>",
    "<message to='{to}' type='chat'><body>c</body><x xmlns='jabber:x:oob'><url>https://[::1/</url></x></message>",
    "<message to='{to}' type='chat'><encrypted xmlns='eu.siacs.conversations.axolotl'/><body>sealed</body></message>",
    "<message to='{to}' type='chat' id='" + "i" * 20_000 + "'><body>a long id</body></message>",
    "<message to='{to}' type='chat'><body>t</body><thread>" + "t" * 20_000 + "</thread></message>",
    "<message to='{to}' type='chat'><body>n</body><nick xmlns='http://jabber.org/protocol/nick'>\u202egnp.exe</nick></message>",
    "<presence to='{to}' type='subscribe'><status>" + "s" * 20_000 + "</status></presence>",
    "<presence to='{to}' type='unsubscribe'/>",
    "<presence to='{to}' type='probe'/>",
    "<presence to='{to}'><priority>loud</priority></presence>",
    "<iq to='{to}' type='get' id='1'/>",
    "<iq to='{to}' type='set' id='2'><query xmlns='jabber:iq:roster'><item jid='x@y'/></query></iq>",
    "<iq to='{to}' type='get' id='3'><query xmlns='http://jabber.org/protocol/disco#info' node='&#9;'/></iq>",
    "<iq to='{to}' type='result' id='4'><query xmlns='urn:xmpp:mam:2'/></iq>",
)
