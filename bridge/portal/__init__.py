"""The library's own page: who answers when, and every way to ask.

    desk_hours    the next seven days in a reader's language, and as a calendar
    library_page  what stands on a library's page, and what search engines are told
    notices       texts about privacy and accessibility that a library can make its own
    routes        the addresses

`/` is the page of the only library, else the list of libraries; `/library/<id>/` is a library's own.
"""
