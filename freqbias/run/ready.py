"""Whether everything that a plan needs is on this machine, found out before any work: libraries of the extras, and the device."""

from collections.abc import Sequence
from pathlib import Path

from freqbias.errors import InputError, install_hint
from freqbias.models import Loading
from freqbias.models.names.aliases import resolve
from freqbias.models.names.contents import is_installed
from freqbias.models.names.kinds import split, use_of
from freqbias.models.objects import is_given
from freqbias.run.steps import Plan, Step

EMBED, LM, HTTP, VLLM, ONNX = "embed", "lm", "http", "vllm", "onnx"  # extras of pyproject.toml
TORCH = "torch"
#: By use; all others are sentence-transformers'.
MODULES: dict[str, tuple[str, ...]] = {
    "bm25": (),
    "static": ("model2vec",),
    "nli": ("onnxruntime", "tokenizers"),
    "hub": ("huggingface_hub",),
}


def check_ready(plan: Plan) -> None:
    """Raise `InputError` in one line for a library or a device that is missing; no weights are read, and torch only for a device."""
    needed: set[str] = set()
    for (_, name), step in {(step.kind, step.name): step for step in plan.steps}.items():
        extra, modules = needs_of(step, plan.loading)
        for module in modules:
            if not is_installed(module):
                raise InputError(f"model '{name}' needs '{module}'; run: {install_hint(extra)}")
        needed.update(modules)
    if plan.loading.device is not None and TORCH in needed:
        from freqbias.models.adapters.torch_device import check_device

        check_device(plan.loading.device)


def needs_of(step: Step, loading: Loading) -> tuple[str, Sequence[str]]:
    """Return the extra that a model needs, and the modules of it that are imported first."""
    if loading.backend == "http" or loading.base_url is not None:
        return HTTP, ("anyio", "httpx")
    use, name = split(step.name) if step.kind == "embedder" else (None, step.name)
    if step.info.source == "callable" or (use in (None, "ql") and is_given(name)):
        return EMBED, ()
    place = resolve(name)
    use = use or (place.alias.use if place.alias else None)
    if loading.backend == "vllm" and use != "bm25":
        return VLLM, ("vllm",)
    if step.kind == "language_model" or use == "ql":
        return LM, (TORCH, "transformers")
    if use is None:
        folder = Path(place.path)
        use = use_of(folder) if folder.is_dir() else "hub"  # whose files say what it is, and are not here yet
    return ONNX if use == "nli" else EMBED, MODULES.get(use, (TORCH, "sentence_transformers"))
