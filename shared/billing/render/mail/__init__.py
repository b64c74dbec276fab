"""E-mails: templates by kind and language, and the one layout that all of them are set in."""
