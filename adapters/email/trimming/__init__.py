"""Which words of a mail are new: quotations, signatures and the lines that programs add are found and set apart."""
