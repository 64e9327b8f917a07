"""The librarians' inbox: a REST interface and a live socket over the log and the archive.

Begin with `http/route` (one table mounts, guards and describes every route) and `routes/` (the functions behind it). `views`
turns state into what a page shows, `live` tells open pages what changed, `schema` is every answer and request as a type.
May import channels, sql, core and the rooms below.
"""
