"""Group of all commands: finds each by its module's name, and turns errors into exit codes and JSON."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any, NoReturn

import click

from driftloop.pipelines.runtime.memory import search_rarely
from driftloop.pipelines.runtime.terminal import guard_logs, say, say_json

FAILED, WRONG_USAGE, INTERRUPTED = 1, 2, 130


class Commands(click.Group):
    """Group that imports a command's module on use, and exits with 2 for a wrong command or config.

    `modules` are the names in the order of the help page; each is a module of
    `driftloop.pipelines.commands` with a command of the same name. Anything else that fails exits with 1.
    """

    def __init__(self, *more: Any, modules: Sequence[str] = (), **named: Any) -> None:
        super().__init__(*more, **named)
        self.modules = tuple(modules)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return self.command_called(cmd_name) if cmd_name in self.modules else None

    def command_called(self, name: str) -> click.Command:
        """Import and return the command of that name."""
        command: click.Command = getattr(import_module(f"driftloop.pipelines.commands.{name}"), name)
        return command

    def main(self, args: Sequence[str] | None = None, *more: Any, **named: Any) -> NoReturn:
        from driftloop.monitoring.errors import (
            AdoptionRefused,
            BadExpression,
            ConfigError,
            DriftloopError,
            EstimatorError,
            ExtraMissing,
            NothingToCompare,
            PredictionsUnfit,
            SecretMissing,
            TimeOutOfRange,
            TrainingRaised,
            UnknownModel,
            UnknownPolicy,
        )

        search_rarely()
        guard_logs()
        arguments = list(sys.argv[1:] if args is None else args)
        try:
            code = super().main(arguments, *more, **{**named, "standalone_mode": False})
        except click.ClickException as error:
            _as_json(arguments, error.format_message())
            shown = io.StringIO()
            error.show(shown)
            say(shown.getvalue().rstrip("\n"), err=True)
            sys.exit(error.exit_code)
        except click.Abort:
            _fail(arguments, "interrupted", INTERRUPTED)
        except DriftloopError as error:
            of_config = ConfigError | UnknownModel | BadExpression | ExtraMissing | SecretMissing | EstimatorError
            usage = isinstance(
                error,
                of_config | AdoptionRefused | NothingToCompare | PredictionsUnfit | TimeOutOfRange | UnknownPolicy,
            )
            if isinstance(error, TrainingRaised):
                say(error.traceback.rstrip(), err=True)
            _fail(arguments, str(error), WRONG_USAGE if usage else FAILED)
        except Exception as error:
            from driftloop.pipelines.runtime import outages

            if _of_the_output(error):
                _fail(arguments, f"the output cannot be written: {error}", FAILED)
            known = outages.translate(error)
            message = f"{type(error).__name__}: {error}{_saved_traceback()}" if known is error else str(known)
            _fail(arguments, message, FAILED)
        sys.exit(code if isinstance(code, int) else 0)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        from driftloop.monitoring.errors import suggestion

        if args[0] in self.modules or args[0].startswith("-"):
            return super().resolve_command(ctx, args)
        names = ", ".join(sorted(self.modules))
        raise click.UsageError(
            f"No such command {args[0]!r}; expected one of {names}.{suggestion(args[0], self.modules)}", ctx
        )


def _fail(arguments: list[str], message: str, code: int) -> NoReturn:
    with suppress(OSError):  # if stdout is on a full disk, only the message below remains
        _as_json(arguments, message)
    say(f"driftloop: {message}", err=True)
    sys.exit(code)


def _of_the_output(error: Exception) -> bool:
    """Return true if the error came from writing the output.

    The rest of stdout is dropped then: Python would try to write it again when it exits.
    """
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    if not isinstance(error, OSError) or not frames or frames[-1].name != "echo":
        return False
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return True


def _as_json(arguments: list[str], message: str) -> None:
    if "--json" in arguments:
        say_json({"outcome": "failed", "reason": message})


def _saved_traceback() -> str:
    """Save the traceback of an unexpected error and return a line with its path."""
    import traceback

    from driftloop.monitoring.settings.secrets import without_passwords
    from driftloop.pipelines.runtime import home

    try:
        file = home.prepare() / "last_error.txt"
        file.write_text(without_passwords(traceback.format_exc()), "utf-8")
    except Exception:
        return ""
    return f"\n  unexpected error; traceback saved to {file}"
