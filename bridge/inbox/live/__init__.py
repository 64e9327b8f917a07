"""Pages that are open now: who listens, what each has still to hear, and how it is told.

Begin with `hub`: one place feeds all pages of this process. `log_changes` works out once what a batch means; `subscription` is
one page (`routes/sockets` carries it by WebSocket or long poll); `action_results` waits for the core's answer to an action.
"""
