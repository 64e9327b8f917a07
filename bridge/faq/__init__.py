"""The FAQ for readers and for files: public pages without script, counts without people, links that are looked after.

Begin with `site`: it mounts the pages under /faq/. `public_list` holds what is public of a library, `feeds` says it to
machines, `tally`
counts. `scrub` takes persons out of words, `exchange` reads and writes files, `link_check` looks for links that lead nowhere.
What is kept is in bridge/sql/faq; Markdown is read by bridge/pages.
"""
