"""`/api/customer-billing`: a customer's billing as one record, as older clients read and write it."""
