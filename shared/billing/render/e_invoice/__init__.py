"""E-invoices after EN 16931: CII embedded in a PDF/A-3 (Factur-X), and UBL."""
