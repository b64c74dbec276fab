"""`billing dunning`: how the unpaid are chased. What else stands below it adds itself from its own file."""

import typer

dunning_app = typer.Typer(
    help="How the unpaid are chased: the policy, and the cases under it.", no_args_is_help=True, rich_markup_mode=None
)
policy_app = typer.Typer(
    help="What is done on which day: show it, check a file, set it.", no_args_is_help=True, rich_markup_mode=None
)
dunning_app.add_typer(policy_app, name="policy")
