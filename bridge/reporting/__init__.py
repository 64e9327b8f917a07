"""Numbers without anybody asking: days are counted as they end, and a library's numbers are mailed to its staff.

Begin with `upkeep`, which does both. `mail_text` writes the mail: figures alone. May import sql, and what is below it.
"""
