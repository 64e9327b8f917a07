"""The way in: check what an adapter hands over, make it durable, then say yes.

Begin with `inlet`. `validate` makes input fit to be kept, `replay_gate` holds live messages back while missed ones are read,
`cursors` says which cursor may be saved.
"""
