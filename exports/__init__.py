"""A plan in, a file or a screen out; no economics here."""
