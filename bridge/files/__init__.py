"""Files that patrons and librarians attach, kept by digest outside Redis and the transcripts.

One port (`store.FileStore`) and three stores behind it: a folder (`blobs`), large objects of PostgreSQL, an S3-compatible bucket.
The last two keep a row for each file. They live in `bridge.sql.files`, since one room alone knows SQL. What they share is here:
drafts, local copies, and the bucket itself. `moving` carries files from one store to another. Begin reading at `store`.
"""
