"""All commands, gathered."""

import typer

from postroom.cli import check, look, mail_server, rebuild, remake, sandbox, service, status, sweep, trial

app = typer.Typer(
    name="postroom",
    help="A mailbox on Stalwart for every identity of Ory Kratos, whatever breaks.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode="rich",
)
trial.register(app)
service.register(app)
check.register(app)
status.register(app)
look.register(app)
remake.register(app)
mail_server.register(app)
sweep.register(app)
rebuild.register(app)
app.add_typer(sandbox.app, name="sandbox")
