"""The API's reference as one page."""
