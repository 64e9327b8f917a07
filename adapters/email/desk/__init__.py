"""Between the mailbox and the desk: which mail is taken, which conversation it joins, what an answer looks like."""
