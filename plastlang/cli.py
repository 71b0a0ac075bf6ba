"""`plastc`: check, compile, run, look at and format .plast files.

Exit codes: 0 fine, 1 diagnostics, 2 usage, 3 the machine lacks something, 70 a fault of plastc itself, 130 interrupted.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import rich_click as click

from plastlang import __version__
from plastlang.diagnostics import Diagnostic, MachineError, PlastError, render, to_json

# What compiles is imported by the commands that compile: `plastc --help` answers at once.

Command = TypeVar("Command", bound=Callable[..., Any])
_STAGES = ("ast", "checked", "equations", "ir", "schedule", "code")

click.rich_click.TEXT_MARKUP = "markdown"
click.rich_click.SHOW_ARGUMENTS = True


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run plastc and exit; whatever goes wrong becomes a message and an exit code."""
    sys.exit(_guarded(arguments))


def _guarded(arguments: list[str] | None) -> int:
    warnings.showwarning = _show_warning
    try:
        result = plastc.main(args=arguments, prog_name="plastc", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except PlastError as error:
        _tell(error.diagnostics)
        return 1
    except MachineError as error:
        click.echo(f"error: {error}", err=True)
        return 3
    except click.ClickException as error:
        error.show()
        return 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return 130
    except BrokenPipeError:  # the reader has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception:
        return _own_fault()


def _own_fault() -> int:
    with tempfile.NamedTemporaryFile("w", prefix="plastc-", suffix=".trace", delete=False, encoding="utf-8") as file:
        file.write(f"plastlang {__version__}, Python {sys.version}\n{sys.argv}\n\n{traceback.format_exc()}")
    kind = sys.exc_info()[0]
    click.echo(
        f"error: plastc has a fault of its own ({kind.__name__ if kind else 'unknown'}), not your file.\n"
        f"The details are in {file.name}; please report them together with the file that you gave.",
        err=True,
    )
    return 70


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    click.echo(f"warning: {message}", err=True)


def _tell(diagnostics: tuple[Diagnostic, ...], as_json: bool = False) -> None:
    if as_json:
        click.echo(to_json(diagnostics))
    else:
        color = sys.stderr.isatty() and "NO_COLOR" not in os.environ
        click.echo(render(diagnostics, color=color), err=True, nl=False, color=color or None)


# ---------------------------------------------------------------- options that several commands share


def _options(*options: Callable[[Any], Any]) -> Callable[[Command], Command]:
    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def _assignments(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for value in values:
        name, equals, text = value.partition("=")
        if not equals or not name.strip() or not text.strip():
            raise click.BadParameter(f"{value!r} is not NAME=VALUE, such as s=7 or rate='15 Hz'")
        found[name.strip()] = text.strip()
    return found


_network = click.option("--network", metavar="NAME", default="", help="Which network, where the file has several.")
_set = click.option(
    "--set", "values", metavar="NAME=VALUE", multiple=True, callback=_assignments,
    help="A parameter of the network, such as `s=7`; may be repeated.",
)  # fmt: skip
_backend = click.option(
    "--backend", type=click.Choice(["c", "reference", "cuda"]), default="c", show_default=True, help="What runs it."
)
_precision = click.option(
    "--precision", type=click.Choice(["single", "double"]), default="single", show_default=True, help="Of real numbers."
)
_mode = click.option(
    "--mode", type=click.Choice(["deterministic", "fast"]), default="deterministic", show_default=True,
    help="The same bits on every backend, or (on cuda) faster.",
)  # fmt: skip
_batch = click.option(
    "--batch", type=click.IntRange(1, 1 << 16), default=1, show_default=True, metavar="N",
    help="Networks that run side by side, with one structure and their shared variables.",
)  # fmt: skip
_json = click.option("--json", "as_json", is_flag=True, help="Output for tools.")
_file = click.argument("file", type=click.Path(path_type=Path))
_files = click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="plastc")
def plastc() -> None:
    """The compiler of plastlang, a language for synaptic and structural plasticity in spiking networks.

    FILE is a .plast file, or `rules:NAME.plast` for one of the library that is installed.

    Begin with `plastc rules`, `plastc rules PairSTDP`, and
    `plastc run rules:topographic_map.plast --for "10 s" --plot`.
    """


@plastc.command()
@_options(_files, _json)
def check(files: tuple[Path, ...], as_json: bool) -> int:
    """Check files: names, sites, types, units, and the networks with their default parameters.

    Example: `plastc check my_rule.plast`
    """
    from plastlang import driver

    found: list[Diagnostic] = []
    for file in files:
        found += driver.diagnose(file)
    errors = sum(item.severity == "error" for item in found)
    _tell(tuple(found), as_json)
    if not as_json and not errors:
        click.echo(f"{len(files)} file{'s' * (len(files) != 1)} fine")
    return 1 if errors else 0


@plastc.command("compile")
@_options(_file, _network, _set, _backend, _precision, _mode, _batch, _json)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Directory to write to; FILE without .plast.")
def compile_(
    file: Path, network: str, values: Mapping[str, str], backend: str, precision: str, mode: str, batch: int,
    as_json: bool, output: Path | None,
) -> None:  # fmt: skip
    """Compile a file into a directory that `plastlang.open` embeds, without compiler.

    For cuda it holds the source and code for several kinds of GPU; none is needed here.

    Example: `plastc compile rules:topographic_map.plast -o map --set s=2`
    """
    from plastlang.compiling import write

    output = output or Path(str(file).removeprefix("rules:")).with_suffix("")
    manifest = write(file, output, network, values, backend, precision, mode, batch)
    if as_json:
        click.echo(json.dumps(manifest, indent=2))
    else:
        click.echo(f"{manifest['kind']} {manifest['name']} in {output}:")
        width = max(map(len, manifest["files"]))
        for name, description in manifest["files"].items():
            click.echo(f"  {name:<{width}}  {description}")


@plastc.command()
@_options(_file, _network, _set, _backend, _precision, _mode)
@click.option("--for", "duration", default="1 s", show_default=True, metavar="TIME", help="Biological time.")
@click.option("--seed", type=click.IntRange(0, 2**64 - 1), default=0, show_default=True, help="Of every random draw.")
@click.option("--threads", type=click.IntRange(1, 1024), default=1, show_default=True, help="Of the run.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Directory for recordings, summary, figures.")
@click.option("--plot", is_flag=True, help="Draw rasters, degrees and weights into the output directory (or `out`).")
@click.option("--quiet", is_flag=True, help="Say nothing but errors.")
@click.option("--verbose", is_flag=True, help="Say how long each stage took.")
@_json
def run(
    file: Path, network: str, values: Mapping[str, str], backend: str, precision: str, mode: str,
    duration: str, seed: int, threads: int, output: Path | None, plot: bool, quiet: bool, verbose: bool, as_json: bool,
) -> int:  # fmt: skip
    """Run the network of a file. Ctrl-C ends the run at the end of a step and keeps what was recorded.

    Example: `plastc run rules:topographic_map.plast --for "60 s" --seed 1 -o out --plot`
    """
    from plastlang import driver
    from plastlang.compiling import make_directory
    from plastlang.network import start
    from plastlang.runtime.durations import milliseconds
    from plastlang.runtime.files import replace_file
    from plastlang.runtime.report import summary, summary_text

    milliseconds(duration, "--for")
    if plot:
        from plastlang.runtime import plots

        output = output or Path("out")
    clock = driver.Clock()
    module = driver.check(driver.source_of(file), clock)
    if module.warnings and not quiet:
        _tell(module.warnings)
    checked = driver.elaborate(module, network, values, clock)
    if output is not None:
        make_directory(output)
    with start(
        checked, backend=backend, precision=precision, threads=threads, seed=seed, mode=mode, clock=clock
    ) as model:
        interrupted = False
        with clock.stage("run"):
            try:
                model.run(duration, progress=not quiet and not as_json)
            except KeyboardInterrupt:
                interrupted = True
        report = summary(model, clock.seconds, interrupted)
        if output is not None:
            model.recordings.save(output / "recordings.npz")
            with replace_file(output / "summary.json") as written:
                written.write((json.dumps(report, indent=2) + "\n").encode())
            report["files"] = [str(output / name) for name in ("recordings.npz", "summary.json")]
            if plot:
                report["files"] += [str(path) for path in plots.draw(model, output)]
    if as_json:
        click.echo(json.dumps(report, indent=2))
    elif not quiet:
        click.echo(summary_text(report, verbose))
    return 130 if interrupted else 0


@plastc.command()
@_options(_file, _network, _set, _backend, _precision)
@click.option("--stage", type=click.Choice(_STAGES), required=True, help="What to show.")
def emit(file: Path, network: str, values: Mapping[str, str], backend: str, precision: str, stage: str) -> None:
    """Show what a stage of the compiler gives.

    `ast` the syntax tree, `checked` names and units resolved, `equations` how each equation is solved, `ir` the
    program, `schedule` the program with the plan of the emitters, `code` the text in C, or with `--backend cuda` in
    CUDA.

    Example: `plastc emit --stage ir rules:topographic_map.plast`
    """
    from plastlang.emit import emit as text_of

    click.echo(text_of(file, stage, network, values, precision, backend).rstrip("\n"))


@plastc.command()
@_options(_file, _network, _set, _json)
def explain(file: Path, network: str, values: Mapping[str, str], as_json: bool) -> None:
    """Say for each variable where it lives, how it is integrated, what each event costs, and why.

    Example: `plastc explain my_rule.plast`
    """
    from plastlang.emit import explanation

    click.echo(explanation(file, network, values, as_json).rstrip("\n"))


@plastc.command()
@_files
@click.option("--check", "only_check", is_flag=True, help="Change nothing; exit 1 where a file is not formatted.")
def fmt(files: tuple[Path, ...], only_check: bool) -> int:
    """Format files in place.

    Example: `plastc fmt --check rules/*.plast`
    """
    from plastlang.frontend.format import format_module
    from plastlang.frontend.parse import parse
    from plastlang.frontend.sources import read_source
    from plastlang.runtime.files import replace_file

    found: list[Diagnostic] = []
    changed = 0
    for file in files:
        try:
            source = read_source(file)
            text = format_module(parse(source), source)
        except PlastError as error:
            found += error.diagnostics
            continue
        if text != source.text:
            changed += 1
            click.echo(f"{'would format' if only_check else 'formatted'} {file}")
            if not only_check:
                with replace_file(file) as output:
                    output.write(text.encode())
    if found:
        raise PlastError(tuple(found))
    return 1 if only_check and changed else 0


_picture = click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="PNG", help="Where the picture goes."
)


@plastc.command()
@click.argument("rule", metavar="RULE")
@_picture
def plot(rule: str, output: Path | None) -> None:
    """Draw what a neuron or rule does, from a run of it.

    RULE is a NAME of the library, `NAME(parameter = value, ...)`, or `FILE.plast:NAME` of your own. The picture is
    chosen by what the rule has: the change by a pair of spikes and by trains of pairs, the response to a train, the
    synapses of a rule that grows or prunes, the rate and the voltage of a neuron.

    Example: `plastc plot "PairSTDP(tau_plus = 30 ms)" -o window.png`
    """
    from plastlang.gallery.commands import compare as draw

    click.echo(draw((rule,), output))


@plastc.command()
@click.argument("first", metavar="A")
@click.argument("others", metavar="B...", nargs=-1, required=True)
@_picture
def compare(first: str, others: tuple[str, ...], output: Path | None) -> None:
    """Draw two or more neurons or rules, or one with several parameter sets, over each other.

    Each is a NAME of the library, `NAME(parameter = value, ...)`, or `FILE.plast:NAME` of your own.

    Example: `plastc compare PairSTDP "PairSTDP(a_plus = 0.02)" NearestPairSTDP`
    """
    from plastlang.gallery.commands import compare as draw

    click.echo(draw((first, *others), output))


@plastc.command()
@click.argument("names", metavar="[RULE]...", nargs=-1)
@click.option(
    "-o", "--out", "directory", type=click.Path(path_type=Path, file_okay=False), default=Path("gallery"),
    show_default=True, help="Where the pages go.",
)  # fmt: skip
def doc(names: tuple[str, ...], directory: Path) -> None:
    """Write a page for each neuron and rule (all of the library without names), and an index.

    A page has the equations, typeset from the source; parameters and state with units; the source with its citation;
    and a picture from a run.

    Example: `plastc doc PairSTDP my_rules.plast:Mine --out pages`
    """
    from plastlang.gallery.pages import write

    for page in write(names, directory):
        click.echo(f"wrote {page.path}{'' if page.picture else ' (no picture)'}")


@plastc.command()
@click.argument("name", required=False)
@_json
def rules(name: str | None, as_json: bool) -> None:
    """List the library that is installed, or describe one of its neurons, rules and networks.

    Example: `plastc rules PairSTDP`
    """
    from plastlang import library

    index = library.index()
    if name is not None and as_json:
        click.echo(json.dumps(library.details(name), indent=2))
    elif name is not None:
        click.echo(library.description(name))
    elif as_json:
        entries = [{"name": e.name, "kind": e.kind, "file": str(e.path), "summary": e.summary} for e in index.values()]
        click.echo(json.dumps(entries, indent=2))
    else:
        for kind in ("neuron", "rule", "network"):
            click.echo(f"{kind}s:")
            for entry in index.values():
                if entry.kind == kind:
                    click.echo(f"  {entry.name:<20} {entry.path.name:<28} {entry.summary}")
