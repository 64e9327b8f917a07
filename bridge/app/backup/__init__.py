"""Backups: one encrypted file that holds all of a desk, and its way back into an empty place.

Begin reading at `taking`, which says what is read in which order and why; `restoring` is the way back.
"""
