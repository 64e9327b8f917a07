"""From the core's state to what one librarian may read: rows, lists, lines, a whole conversation.

`access` decides who may see what; the other modules ask it. Nothing here changes anything.
"""
