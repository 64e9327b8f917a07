"""The practice channels: a scripted patron, or a colleague who plays one, with the manners of web, text, mail or messenger."""
