"""Several GPUs: the weights of one model split over them, and several copies of one model behind one server."""

import numpy as np
import pytest

pytest.importorskip("vllm", reason="needs vLLM in an environment of its own: tox run -e gpu")

from freqbias import models

LM = "smollm2-135m"
NATS = 1e-3


@pytest.fixture(scope="module", autouse=True)
def two_gpus(device):
    import torch

    if torch.cuda.device_count() < 2:
        pytest.skip(f"needs two GPUs; vLLM runs on {device} here")


@pytest.fixture(scope="module")
def expected(texts):
    return [row.sum() for row in models.language_model(LM, device="cpu").log_probs(texts)]


def test_weights_over_several_gpus(texts, expected):
    import torch

    if torch.cuda.device_count() < 3:
        pytest.skip("the nine attention heads of this model split over three GPUs")
    model = models.language_model(LM, backend="vllm", tensor_parallel=3)
    np.testing.assert_allclose([row.sum() for row in model.log_probs(texts)], expected, atol=NATS)
    assert model.info.details["tensor_parallel"] == 3


def test_several_copies_behind_one_server(texts, expected, serving):
    with serving(LM, "--data-parallel-size", "2") as server:
        model = models.language_model(LM, base_url=server.url)
        np.testing.assert_allclose([row.sum() for row in model.log_probs(texts)], expected, atol=NATS)
