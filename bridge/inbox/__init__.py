"""The librarians' inbox: a REST interface and a live socket over what the log and the archive say."""
