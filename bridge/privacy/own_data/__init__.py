"""What is kept of a patron, given to them as one file, and the link by which they fetch it.

Begin with `source`: whose data, proved by what. `contents` reads it; `html_document` and `json_document` tell it; `package` writes
the file. `links` makes and checks the link, `pages` is where it leads. `desk` and `words` say names, times and sentences.
"""
