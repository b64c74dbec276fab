"""The page behind an invoice's pay link: HTML that needs no script."""
