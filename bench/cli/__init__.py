"""The command line: thin commands, each in a module of its name, imported when it is asked for.

Begin at the table of commands below.
"""

from __future__ import annotations

import importlib
import keyword
import signal
import sys
from typing import Any

import click

# Each with the room that its module stands in.
COMMANDS = {
    "doctor": "machine",
    "data": "training",
    "train": "training",
    "weights": "models",
    "export": "models",
    "import": "models",
    "eval": "training",
    "explain": "models",
    "run": "measuring",
    "serve": "measuring",
    "demo": "measuring",
    "check": "results",
    "compare": "measuring",
    "profile": "measuring",
    "report": "results",
    "pick": "results",
    "card": "results",
    "predict": "models",
    "models": "models",
    "devices": "machine",
    "farm": "farm",
    "show": "results",
}

# Longer than any first sentence.
WHOLE = 200


class LazyGroup(click.Group):
    """Finds a command in `bench.cli.<room>.<name>`. Turns the project's errors into one clear
    message."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """The first sentence of each, whole: half of one says nothing."""
        rows = []
        for name in self.list_commands(context):
            command = self.get_command(context, name)
            assert command is not None
            rows.append((name, command.get_short_help_str(limit=WHOLE)))
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        # No module can be called `import`.
        stem = f"{name}_" if keyword.iskeyword(name) else name
        module = importlib.import_module(f"bench.cli.{COMMANDS[name]}.{stem}")
        command: click.Command = module.command
        return command

    def invoke(self, context: click.Context) -> Any:
        from zoo.base.errors import BenchError
        from zoo.base.extras import missing_extra

        try:
            return super().invoke(context)
        except ModuleNotFoundError as error:
            if (missing := missing_extra(error, context.invoked_subcommand)) is None:
                raise
            raise _told(missing) from error
        except click.exceptions.NoArgsIsHelpError:
            raise
        except click.UsageError as error:
            raise click.UsageError(_fitted(error.format_message()), error.ctx) from error
        except BenchError as error:
            raise _told(error) from error
        except OSError as error:
            # What no part of ours foresaw: a file system that fails under our feet.
            raise _told(f"the system refused: {error}") from error


def _told(error: object) -> click.ClickException:
    return click.ClickException(_fitted(str(error)))


def _fitted(message: str) -> str:
    """Within the terminal's width, where there is one; click writes `Error: ` before it."""
    from reports.text.fitting import fitted

    return fitted(f"Error: {message}", sys.stderr).removeprefix("Error: ")


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="mobile-segmentation-zoo")
def cli() -> None:
    """Measure hair-segmentation models: IoU against latency, on the host and on phones.

    \b
    From a name to a report:
      bench data synthetic            (or: bench data lfw)
      bench train  --model 'mnv2_slim_unet_0.35_*' --data synthetic
      bench export --model 'mnv2_slim_unet_0.35_*'
      bench run    --model 'mnv2_slim_unet_0.35_*' --device host
      bench report --open

    Everything is written under the working folder, or under BENCH_HOME where that is set.
    """


def main() -> None:
    """The `bench` program."""
    # `bench models | head` ends quietly.
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.exit(cli())
