"""The way of a request: the table of routes, the checks in their order, sessions, limits, answers, the description.

Begin with `route`, then `pipeline`: what happens to every request before and after its function.
"""
