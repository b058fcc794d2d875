"""Tasks with a gold answer: their record, where they are read from, and how an answer is judged."""
