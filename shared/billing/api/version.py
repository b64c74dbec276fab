"""The product's version as its answers tell it: the upload of a function has no installed distribution to ask."""

VERSION = "0.1.0"
"""The same as in pyproject.toml; a test compares them."""
