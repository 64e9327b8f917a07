"""Texts through Kannel: any carrier that it connects to (SMPP, UCP, CIMD2, HTTP), and GSM modems."""
