"""Use cases: one verb a file, each given the ports it touches."""
