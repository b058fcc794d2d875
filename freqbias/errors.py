"""Exceptions that a user of freqbias can meet, and the exit status each one gives."""


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
