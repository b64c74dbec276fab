"""What people see of an invoice. Pure: a domain object in, bytes out; only the packaged fonts are read from disk."""
