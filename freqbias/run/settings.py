"""What a run is to do: options of the command line over a YAML file over defaults."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from freqbias.errors import InputError
from freqbias.files import read_text
from freqbias.models import Loading
from freqbias.redact import API_KEY_VARIABLE
from freqbias.registry import suggestion
from freqbias.run.dry import is_code
from freqbias.run.steps import PAIRS_AT_ONCE, Plan
from freqbias.shapes import MAX_NAME, shown

LOADING = tuple(name for name in Loading.__dataclass_fields__ if name != "revision")  # a revision stands in a model's name
DEFAULT_EMBEDDERS = ["minilm"]
DEFAULT_LANGUAGE_MODELS = ["smollm2-135m"]
MAX_FILE_NAME, MAX_PATH = 255, 4_096  # bytes of a name, of a path: Linux' NAME_MAX and PATH_MAX; Windows has less
DEFAULT_PAIRS = 80  # keeps a run of the two default models under three minutes on two cores


def _as_list(value: Any) -> Any:
    """Return names in any order that lasts as a list, one name as a list of it, None as no name; typer gives tuples since 0.16."""
    if isinstance(value, str):
        return [value]
    found = list(value) if isinstance(value, Sequence | Iterator) else [] if value is None else value
    odd = [name for name in found if not isinstance(name, str)] if isinstance(found, list) else [found]
    if odd:
        raise ValueError(f"expected names in a list, found {type(odd[0]).__name__}; give something of your own as 'module:name'")
    return found


def _as_path(value: str) -> str:
    """Refuse what no file system takes for a path, and what nobody would name a file: texts, lines, characters that cannot be seen."""
    if not value.strip() or not value.isprintable():
        raise ValueError("is no path: it is empty or holds characters that cannot be seen")
    if max(len(os.fsencode(part)) for part in Path(value).parts or [""]) > MAX_FILE_NAME or len(value) > MAX_PATH:
        raise ValueError(f"is no path: it has {len(value):,} characters")
    return value


PathName = Annotated[str, AfterValidator(_as_path)]
Names = Annotated[list[Annotated[str, Field(min_length=1, max_length=MAX_NAME)]], BeforeValidator(_as_list)]


class Settings(BaseModel):
    """Every option of `freqbias run`, under the name that it has on the command line (`-` or `_`)."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    out: PathName | None = None
    embedder: Names = []
    lm: Names = []
    probe: Names = []
    remedy: Names = []
    pairs: PathName | None = None
    n: Annotated[int, Field(ge=1)] | None = None
    sets: str | None = None
    seed: Annotated[int, Field(ge=0)] = 0
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    device: str | None = None
    backend: Literal["auto", "transformers", "vllm", "http"] = "auto"
    base_url: Names = []
    max_requests: Annotated[int, Field(ge=1)] | None = None
    trust_remote_code: bool = False
    allow_pickle: bool = False
    tensor_parallel: Annotated[int, Field(ge=1)] = 1
    query_prompt: str | None = None
    document_prompt: str | None = None
    holdout: Literal["half"] | None = None
    part: Annotated[int, Field(ge=1)] | None = None
    shard: str | None = None
    devices: str | None = None
    executor: Literal["local", "ray"] = "local"
    actors: Annotated[int, Field(ge=1)] | None = None
    fresh: bool = False
    dry_run: bool = False
    json_: Annotated[bool, Field(alias="json")] = False

    @model_validator(mode="after")
    def _together(self) -> "Settings":
        for name in ("n", "sets"):
            if self.pairs is not None and getattr(self, name) is not None:
                raise ValueError(f"--{name} applies to the bundled pairs and --pairs replaces them; give one of the two")
        if self.backend == "http" and not self.base_url:
            raise ValueError("--backend http needs --base-url, the address of the server")
        if self.base_url and self.backend in ("transformers", "vllm"):
            raise ValueError(f"--base-url names a server and --backend {self.backend} computes on this machine; give one of the two")
        if self.devices is not None and self.tensor_parallel != 1:
            raise ValueError("--tensor-parallel splits a model over GPUs, and a process of --devices sees one; give one of the two")
        if self.devices is not None and (self.shard is not None or self.device is not None):
            raise ValueError(
                "--devices starts a process on each device, each with a --shard; give none of --shard and --device beside it"
            )
        if self.executor == "ray" and any(given is not None for given in (self.shard, self.devices, self.device)):
            raise ValueError("--executor ray says where each process computes; give none of --shard, --devices and --device beside it")
        if self.remedy and (self.shard is not None or self.devices is not None or self.executor == "ray"):
            raise ValueError("--remedy is fitted in one process; give none of --shard, --devices and --executor ray beside it")
        if self.remedy and self.lm and not self.embedder:
            raise ValueError("--remedy is for models that score documents; give --embedder, or leave it out")
        if self.shard is not None and self.fresh:
            raise ValueError("--fresh would empty the folder of the other shares; delete the folder, or give another --out")
        if self.shard is not None and self.holdout is not None:
            raise ValueError("--holdout is for the estimates, which are made from all parts; give it to freqbias merge")
        self._no_idle_options()
        return self

    def _no_idle_options(self) -> None:
        """Refuse options that the backend has no use for: someone who gives one expects it to do something."""
        if self.max_requests is not None and not self.base_url:
            raise ValueError("--max-requests limits what a server is asked; give --base-url, or leave it out")
        if self.max_requests is not None and self.executor == "ray":
            raise ValueError("--max-requests counts in one process, and --executor ray starts several; leave one of the two out")
        if self.actors is not None and self.executor != "ray":
            raise ValueError("--actors is for --executor ray")
        if self.tensor_parallel != 1 and self.backend != "vllm":
            raise ValueError("--tensor-parallel is for --backend vllm")
        if self.device is not None and self._backend in ("vllm", "http"):
            raise ValueError(f"--device does nothing with --backend {self._backend}; leave it out")
        if self.dtype != "float32" and self._backend == "http":
            raise ValueError("--dtype does nothing with a server, which chooses its own; leave it out")
        if (self.query_prompt is not None or self.document_prompt is not None) and self.lm and not self.embedder:
            raise ValueError("--query-prompt and --document-prompt are for embedding models; give --embedder, or leave them out")

    def with_models(self) -> "Settings":
        """Return these settings with the default models where none is named."""
        if self.embedder or self.lm:
            return self
        return self.model_copy(update={"embedder": DEFAULT_EMBEDDERS, "lm": DEFAULT_LANGUAGE_MODELS})

    def plan(self) -> Plan:
        """Return the models, probes and how models are loaded."""
        chosen = {"backend": self._backend, "base_url": self.base_url or None}
        loading = Loading(**{name: getattr(self, name) for name in LOADING} | chosen)
        size = self.part or PAIRS_AT_ONCE
        return Plan(
            embedders=self.embedder, language_models=self.lm, probes=self.probe, remedies=self.remedy, loading=loading, pairs_at_once=size
        )

    @property
    def is_served(self) -> bool:
        """Whether a server computes."""
        return self._backend == "http"

    @property
    def _backend(self) -> str:
        return "http" if self.base_url else self.backend

    def code_in(self, names: Iterable[str]) -> list[str]:
        """Return what options of these names say that runs code: references to Python, code of models, weights that may hold code."""
        served = bool(self.base_url)
        asked = {
            "embedder": [name for name in self.embedder if not served and is_code("embedder", name)],
            "lm": [name for name in self.lm if not served and is_code("language_model", name)],
            "probe": [name for name in self.probe if is_code("probe", name)],
            "remedy": [name for name in self.remedy if is_code("remedy", name)],
        }
        said = [f"{name}: {value}" for name, values in asked.items() if name in names for value in values]
        return said + [f"{name}: true" for name in ("trust_remote_code", "allow_pickle") if name in names and getattr(self, name)]

    def recorded(self, command: str) -> dict[str, Any]:
        """Return what goes into the manifest."""
        left_out = {"out", "fresh", "dry_run", "json_", "shard", "devices", "executor", "actors"}
        left_out |= {"n", "sets", "seed", "holdout"} if command == "probe" else set()
        found = self.model_dump(exclude=left_out)
        found["base_url"] = found["base_url"] if len(self.base_url) > 1 else next(iter(self.base_url), None)
        pairs = None if self.pairs is None else str(Path(self.pairs).absolute())
        # `http` by name, so that what a server began does not go on with a model of that name on this machine
        return {"command": command, **found, "backend": self._backend, "pairs": pairs}


def settings_of(config: Mapping[str, Any], folder: Path) -> Settings:
    """Return the settings that a manifest records; paths in it are relative to `folder`."""
    given = {name: value for name, value in config.items() if name != "command"}
    if given.get("pairs") is not None:
        given["pairs"] = str((folder / given["pairs"]).resolve())
    return settings({name: value for name, value in given.items() if value is not None}, None)


def settings(given: dict[str, Any], file: Path | None, *, trusted: bool = False) -> Settings:
    """Return the settings of a run; `given` are options of the command line, which come before those of the file.

    Raises `InputError` in one line: a file that is not YAML, an unknown key, a value that does not fit, code that a file names which is
    not `trusted`, and an address there that would get the user's key. A file that somebody else wrote runs nothing of theirs and sends
    nothing of the user's unasked; `dry_run` loads and asks nothing, so there it may name what it likes.
    """
    read = {} if file is None else _read(file)
    values = {name: str(value) if isinstance(value, Path) else value for name, value in given.items()}
    try:
        found = Settings.model_validate(read | values)
        if not (trusted or found.dry_run):
            _check_trusted(found, read.keys() - values.keys(), file)
        return found
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        reason = first["msg"].removeprefix("Value error, ")
        where = f"{file}: " if file is not None and not (first["loc"] and first["loc"][0] in values) else ""
        raise InputError(f"{where}{f'{name}: ' if name else ''}{reason}") from error


def _check_trusted(found: Settings, names: Set[str], file: Path | None) -> None:
    """Raise `InputError` where options of these names, which a file gives, run its code, or send the user's key to its address."""
    code = found.code_in(names)
    if code:
        raise InputError(
            f"{file}: {code[0]} runs code that the file names; read that code, then give --trust-config-code on the command line"
        )
    if "base_url" in names and found.base_url and os.environ.get(API_KEY_VARIABLE, "").strip():
        raise InputError(
            f"{file}: the server that base_url names would get the key in {API_KEY_VARIABLE}; "
            "repeat its address with --base-url on the command line if it may, or unset the variable"
        )


def _read(file: Path) -> dict[str, Any]:
    try:
        found = yaml.safe_load(read_text(file))
    except (ValueError, RecursionError) as error:  # a date that no calendar has, a number of thousands of digits, brackets in brackets
        why = "nested too deeply" if isinstance(error, RecursionError) else shown(error)
        raise InputError(f"{file}: not YAML: {why}") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = "" if mark is None else f":{mark.line + 1}"
        raise InputError(f"{file}{line}: not YAML: {getattr(error, 'problem', None) or 'cannot be read'}") from error
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise InputError(f"{file}: expected a mapping of options to values, found {type(found).__name__}")
    known = [info.alias or name for name, info in Settings.model_fields.items()]
    values = {str(name).replace("-", "_"): value for name, value in found.items()}
    for name in values:
        if name not in known:
            raise InputError(f"{file}: unknown option '{shown(name)}'{suggestion(name, known)}")
    return values
