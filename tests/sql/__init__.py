"""The archive: transcripts, search, organisation, accounts."""
