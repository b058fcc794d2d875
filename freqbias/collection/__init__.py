"""A judged collection: what it holds, and how it is searched. No statistics here."""
