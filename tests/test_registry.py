"""Names, plugins and suggestions."""

import pytest

from freqbias import registry
from freqbias.errors import InputError


@pytest.mark.parametrize("kind", list(registry.BUILT_IN))
def test_every_built_in_loads(kind):
    for name in registry.names(kind):
        assert callable(registry.load(kind, name))


def test_near_miss_is_suggested():
    with pytest.raises(InputError, match="unknown probe 'simlarity'; did you mean 'similarity'"):
        registry.load("probes", "simlarity")


def test_any_object_by_reference():
    assert registry.load("probes", "json:dumps").__name__ == "dumps"
    with pytest.raises(InputError, match="no module named 'nosuchmodule'"):
        registry.load("probes", "nosuchmodule:x")
    with pytest.raises(InputError, match="has no 'nosuch'"):
        registry.load("probes", "json:nosuch")


def test_plugins_come_through_entry_points(monkeypatch):
    from importlib.metadata import EntryPoint

    point = EntryPoint(name="mine", value="json:loads", group="freqbias.probes")
    registry._plugins.cache_clear()
    monkeypatch.setattr(registry, "entry_points", lambda group: [point] if group == "freqbias.probes" else [])
    assert "mine" in registry.names("probes")
    assert registry.load("probes", "mine").__name__ == "loads"
    registry._plugins.cache_clear()
