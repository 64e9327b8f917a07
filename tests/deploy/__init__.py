"""What deploy/ promises, tried with the programs that it is for."""
