"""Numbers of the service, for reports and survey sheets: counted by day, kept by day, added up for a period.

`day_counts` says what is counted and by which rules; begin there. `kept_days` counts each day once, and again when something of
it changed. `numbers` and `consortium` are the reports, `surveys` the sheets of PLS, ACRL, SCONUL and a library's own. Nothing here
names a patron or a librarian. May import `tables`, `rows`, `people.accounts` (the clock), `transcripts.conversation_rows`.
"""
