"""The only room that knows SQL: a follower of the log that keeps transcripts, and what people edit.

`archive` opens the database and holds the parts; begin there. `tables` names every column, `database` connects and migrates.
`transcripts` follows the log, reads and searches; `statistics` counts; `privacy` is retention, erasure and the audit; `people` is
accounts, the organisation and drafts; `faq` is the frequently asked questions; `counter` is what staff count by hand; `training`
is sheets and scenarios of practice. May import log, redis and the rooms below.
"""
