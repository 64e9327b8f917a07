"""What is deleted and who looked: retention, erasure at a patron's request, and the audit of access.

Begin with `retention`. `patron_lookup` finds all conversations of one patron, `anonymise` blanks them, `erasures` keeps a
request until it is done everywhere.
"""
