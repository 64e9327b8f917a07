"""Coming from another desk and leaving for one: files in and out, without the log.

Begin with `record`, what a file holds before it is ours, and `importing`, which writes it. Each module of `formats` reads one
product's files into records. `mapping` says which column is what; `table_files` and `json_files` read a file piece by piece, so
that memory doesn't grow with it. `exporting` writes everything of a library for another desk. docs/import.md is for operators.
May import faq, sql and the rooms below.
"""
