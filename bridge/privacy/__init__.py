"""What patrons may ask for: to be forgotten, and to be given what is kept of them.

    erasure_worker   carries a forgetting through every place that holds something: streams, files, channels, SQL
    own_data         the file of what is kept of a patron, the link that is sent for it, and the link's page

Both find a patron's conversations by `bridge.sql.privacy.patron_lookup`. It may import `bridge.pages` and what is below.
"""
