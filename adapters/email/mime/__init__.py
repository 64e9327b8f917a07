"""The bytes of a mail: parts, header fields, encoded words, charsets, and what Outlook packs into winmail.dat."""
