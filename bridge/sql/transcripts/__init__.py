"""Transcripts: written from the log exactly once, then read, searched, counted and exported.

Begin with `writer`: it turns steps into rows (`lines`, `conversation_rows`, `write_batch`) and moves its position in the same
transaction. `rejected_steps` sets aside what no database would take.
"""
