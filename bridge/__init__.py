"""The daemon: everything that the channels share, and what connects the parts.

The rooms, from high to low; each imports only from rooms below it (`:` = the same height, and they may import each other):

    app > testing > inbox : privacy : portal : exchange > faq > pages > calls : channels : hours : catalogue : account : sign_on
        : push : reporting : training > sql : core > log : files > redis > routing > runtime > contract

Follow one text message in and its answer out:

     1. adapters/sms/webhooks.py       checks the signature, makes a `Message` (contract/message.py)
     2. channels/inbound/inlet.py      validates it, gathers a batch, hands it over, and waits until it is durable
     3. redis/store.py, store.lua      appends the batch to the stream `in`; drops what came before (`seen`)
     4. core/leadership.py             the process that holds the lease reads `in`
     5. core/batch.py                  decodes each input and asks routing/core.py for the events
     6. routing/conversation.py        a patron's message: which conversation it joins; routing/offers.py: who is asked
     7. redis/store.py                 commits events (`log`), deliveries (`out:<channel>`) and position in one step
     8. log/follower.py                reads `log` once for all its followers in this process
     9. log/replica.py, log/tail.py    keep the state and the newest lines for the inbox
    10. sql/transcripts/writer.py      writes the same steps to SQL
    11. inbox/live/hub.py              tells every open page what changed (log_changes.py works it out once)
    12. inbox/routes/actions.py        the librarian answers: an `Action` goes to `in` like any other input
    13. routing/messages.py            the core turns it into an event and a `Delivery` on `out:<channel>`
    14. channels/outbound/drain.py     reads `out`; lane.py keeps the order in a conversation; submission.py handles doubt
    15. adapters/sms/adapter.py        sends it to Twilio and says what happened
    16. channels/outbound/settle.py    writes the outcome to `in` as a `Receipt`: the librarian sees the tick

app/consortium.py wires all of this; app/daemon.py starts it.

Words used in the code:

    step        one decided event with its time and its cause: what the log keeps
    entry       one item of a Redis stream; a log entry holds the steps of one commit
    commit      the one atomic call that writes position, steps and deliveries
    leadership  the time in which one process holds the lease and runs the core
    lane        the deliveries of one conversation on their way to one channel, one at a time
    tier        the teams that are asked together; the next tier is asked after some seconds
    owner       the librarian who answers for a conversation
    companion   a colleague who joined a conversation and answers beside its owner
    follower    a reader of the log (inbox, archive, replica)
    memory      the rows that a channel remembers, the same on every host (bridge/contract/memory.py)
    replica     the core's state as another process holds it, built from the log
"""
