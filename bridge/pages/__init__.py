"""What the public pages share: they need no script, and everybody may read them.

    languages   which language a reader gets, and the words in it
    markdown    a library's own texts as clean HTML
    public_site the templates, the headers, and the files that a page loads

The pages themselves are in the rooms that know what stands on them (`bridge/portal`).
"""
