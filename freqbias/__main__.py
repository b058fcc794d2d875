"""`python -m freqbias` is the command line."""

from freqbias.cli import main

if __name__ == "__main__":
    main()
