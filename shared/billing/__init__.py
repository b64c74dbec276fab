"""Serverless billing: rate, invoice, collect, dun, report. Importing this package connects to nothing."""
