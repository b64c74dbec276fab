"""A command that has commands below it."""

import typer


def command_group(about: str) -> typer.Typer:
    """One that shows its help where it is named alone; the text of the help is plain, whatever brackets stand in it."""
    return typer.Typer(help=about, no_args_is_help=True, rich_markup_mode=None)
