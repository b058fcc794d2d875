"""Names of models with a remedy: the model's own, a plus sign, the remedy's, as in `minilm+centre`."""

from collections.abc import Iterable

PLUS = "+"


def name_with(model: str, remedy: str) -> str:
    """Return how a model with a remedy is called in rows."""
    return f"{model}{PLUS}{remedy}"


def remedied(models: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return the models that are others of these with a remedy, mapped to (model, remedy).

    A name with a plus sign alone says nothing: the model without the remedy has to be there too.
    """
    known = dict.fromkeys(models)
    found = {}
    for name in known:
        model, plus, remedy = name.rpartition(PLUS)
        if plus and remedy and model in known:
            found[name] = (model, remedy)
    return found
