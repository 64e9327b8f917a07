"""Files that patrons and librarians attach, kept by digest outside Redis and SQL."""
