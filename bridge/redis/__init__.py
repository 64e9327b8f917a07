"""The only room that knows Redis: streams, keys and the atomic calls.

Other rooms use `store`; begin there, with `store.lua` beside it. `client` carries commands, loads the functions and keeps the
replication barrier. `connection` is the narrow link over hiredis that makes batches cheap; `address` reads urls and asks Sentinels
and a Cluster. `embedded` runs a private server, and `aof_rewrite` chooses when it rewrites its file. May import routing, runtime
and the contract.
"""
