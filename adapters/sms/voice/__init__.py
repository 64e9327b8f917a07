"""Calls to the numbers that texts come to: voicemail is recorded, missed calls are told, and answers go out as texts."""
