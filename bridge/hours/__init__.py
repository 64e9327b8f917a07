"""Hours from calendars that libraries keep elsewhere: fetched, read and kept, so that the desk opens as the library does.

Begin with `worker`: it looks at each address once an hour. `fetching` gets the bytes, from public hosts only. `reading` starts a
process that makes events of them (`icalendar_events`, `libcal_events`). bridge/sql/people/calendar_events says what they mean.
"""
