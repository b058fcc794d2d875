"""What `import freqbias` loads and costs."""

import json
import subprocess
import sys

HEAVY = {"torch", "transformers", "sentence_transformers", "vllm", "mteb", "pandas", "scipy", "matplotlib", "wordfreq", "numpy"}


def test_import_loads_nothing_heavy():
    code = "import json, sys, freqbias; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout))
    assert "freqbias" in loaded
    assert not loaded & HEAVY


def test_public_names():
    import freqbias

    assert set(freqbias.__all__) == {"__version__", "read_observations", "read_pairs"}
    assert all(hasattr(freqbias, name) for name in freqbias.__all__)
