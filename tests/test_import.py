"""What `import freqbias` loads and costs."""

import json
import subprocess
import sys

import pytest

HEAVY = {"torch", "transformers", "sentence_transformers", "vllm", "mteb", "pandas", "scipy", "matplotlib", "wordfreq", "numpy"}


def test_import_loads_nothing_heavy():
    code = "import json, sys, freqbias; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout))
    assert "freqbias" in loaded
    assert not loaded & HEAVY


def test_public_names():
    import freqbias

    assert set(freqbias.__all__) == {
        "FreqbiasError",
        "InputError",
        "Pair",
        "Run",
        "__version__",
        "annotate",
        "audit",
        "read_observations",
        "read_pairs",
        "run",
        "score",
        "substitute",
        "lexsub",
        "order",
        "rewrite",
    }
    assert all(getattr(freqbias, name).__doc__ for name in freqbias.__all__)
    assert set(freqbias.__all__) <= set(dir(freqbias))
    with pytest.raises(AttributeError, match="module 'freqbias' has no attribute 'nosuch'"):
        _ = freqbias.nosuch


def test_help_loads_nothing_heavy():
    code = (
        "import json, sys\nfrom freqbias.cli import main\nsys.argv = ['freqbias', '--help']\n"
        "try:\n    main()\nfinally:\n    print('\\n' + json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert "typer" in loaded
    assert not loaded & (HEAVY | {"pydantic", "yaml", "statsmodels", "jinja2"})


def test_the_package_is_a_program():
    import freqbias

    done = subprocess.run([sys.executable, "-m", "freqbias", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == freqbias.__version__
