"""Exceptions that a user of freqbias can meet, and the exit status each one gives."""


def install_hint(extra: str) -> str:
    """Return the command that installs an extra, as of a clone, since freqbias is on no package index."""
    return f"python -m pip install '.[{extra}]' in a clone of freqbias"


class FreqbiasError(Exception):
    """Base of every error that freqbias raises on purpose.

    Its text is one line that names the fix; the command line prints it without a traceback.
    """

    exit_status = 1


class InputError(FreqbiasError):
    """Something the user gave (file, option, name) cannot be used."""

    exit_status = 2


class ModelNotReadyError(FreqbiasError):
    """A model is known but not on this machine yet."""

    exit_status = 2


class BackendError(FreqbiasError):
    """A model ran and failed."""
