"""The formats of other desks, a module each: `read` yields what some files hold, record by record.

Of the library products' files no real export was to be had: what is known of them is in docs/import.md.
"""
