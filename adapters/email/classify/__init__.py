"""Who wrote a mail, a person or a program, and what a delivery report says."""
