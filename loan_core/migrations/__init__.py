"""The history of the schema, run from code when a database is opened."""
