"""The clinic's outcomes: the page with its charts and tables, its method, and the tables that may leave the clinic."""
