"""Files of a desk on several hosts: a row in SQL for each, its bytes in large objects of PostgreSQL or in a bucket.

The row decides whether a file is there, when its bytes came last and whether they came more than once. Begin at `rows`.
"""
