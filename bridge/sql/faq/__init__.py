"""Frequently asked questions in SQL: entries with their versions, the index that finds them, and what is counted.

Begin with `entry` (what an entry is and what may be wrong with it). `entries` keeps them. `terms` says by which stems and
trigrams a
text is found, `search` ranks by them, alike on SQLite and PostgreSQL. `counts` counts days, and searches that found nothing.
"""
