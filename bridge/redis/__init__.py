"""The only room that knows Redis: streams, keys and the atomic calls.

`store` is what other rooms use; begin there, with `store.lua` beside it. `client` carries commands, loads the functions and
keeps the replication barrier; `connection` is the narrow link over hiredis that makes batches cheap; `embedded` runs a private
server, and `aof_rewrite` chooses when it rewrites its file. May import routing, runtime and the contract.
"""
