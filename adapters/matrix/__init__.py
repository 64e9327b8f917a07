"""Matrix: patrons write to the library's account from any Matrix server, encrypted or not."""
