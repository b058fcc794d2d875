"""Tiny models of every kind of encoder, made once."""

import pytest
from conftest import needed


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """Return a folder with one tiny model a kind."""
    torch, tiny_models = needed("torch"), needed("tiny_models")
    folder, threads = tmp_path_factory.mktemp("tiny"), torch.get_num_threads()
    torch.set_num_threads(1)  # for models of this size threads only wait for each other
    tiny_models.bert(folder / "bert")
    tiny_models.multi_vector(folder / "bert", folder / "late")
    tiny_models.cross_encoder(folder / "cross")
    yield folder
    torch.set_num_threads(threads)
