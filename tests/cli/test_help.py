"""`--help` shows the commonest calls first, and every command and option in a panel that says what it is about."""

import re

import pytest
import typer

from freqbias.cli import panels
from freqbias.cli.main import app

PROGRAM = typer.main.get_command(app)
COMMANDS = {
    **{name: command for name, command in PROGRAM.commands.items() if not hasattr(command, "commands")},
    **{f"models {name}": command for name, command in PROGRAM.commands["models"].commands.items()},
}
ORDER = list(panels.OPTIONS)


def heads(text):
    return re.findall(r"^╭─ (.+?) ─", text, re.M)


def test_the_commonest_calls_come_first(cli):
    text = cli("--help").stdout
    calls = [text.index(f"freqbias {name}") for name in ("run --embedder minilm", "collection FOLDER", "compare runs/a")]
    assert calls == sorted(calls)
    assert calls[-1] < text.index("╭─")
    assert heads(text) == ["Options", panels.ANSWER, panels.STAGES, panels.AROUND]
    shown = re.findall(r"^│ ([a-z]+) ", text, re.M)
    assert set(shown) == set(PROGRAM.commands)
    assert shown[:3] == ["run", "collection", "compare"]


@pytest.mark.parametrize("command", ["run", "collection", "pairs"])
def test_options_are_grouped_in_one_order(cli, command):
    assert heads(cli(command, "--help").stdout) == ["Arguments", "Options", *ORDER]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_has_a_panel(command):
    for parameter in COMMANDS[command].params:
        if parameter.param_type_name == "option" and parameter.name != "help":
            assert parameter.rich_help_panel in ORDER, parameter.name


def test_arguments_are_taken_in_the_order_that_they_had(cli):
    assert [p.name for p in COMMANDS["compare"].params if p.param_type_name == "argument"] == ["first", "second"]
    assert [p.name for p in COMMANDS["pairs"].params if p.param_type_name == "argument"] == ["generator", "sources"]
    assert set(panels.PANELS) <= {option.name for command in COMMANDS.values() for option in command.params}
