"""Telegram by a bot: patrons write to it in a private chat."""
