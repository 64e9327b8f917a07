"""Other desks' files in, ours out."""
