"""What a model is called, where it lies, of which kind it is, how it is fetched, and whether its files are trusted."""
