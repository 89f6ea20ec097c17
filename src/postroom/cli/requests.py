"""`postroom retry`, `bury` and `dismiss`: they act on named requests, or on all that match a selection."""

import asyncio
from collections.abc import AsyncIterator, Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import typer
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from postroom.cli.control_characters import escape_control
from postroom.cli.database import connected_to_database
from postroom.cli.environment import settings_or_trial
from postroom.cli.json_rows import JsonRows
from postroom.cli.operator import operator_name
from postroom.cli.request_list import as_dict
from postroom.cli.terminal import ago
from postroom.domain.address import normalise_domain
from postroom.domain.backoff import MAX_RETRIES
from postroom.domain.mailbox import Account
from postroom.domain.request import ListedState, Request, State
from postroom.errors import ConfigurationError, DatabaseUnavailable
from postroom.operations.requests import Batch, Failure, RequestOperations, Whom
from postroom.postgres.request_list import Selection


@dataclass(frozen=True, slots=True)
class Chosen:
    """The requests that a command names: ids and addresses, or states, narrowed by the other options."""

    names: Sequence[str]
    states: Sequence[ListedState]
    reason_starts: str | None = None
    domain: str | None = None
    waits_for: str | None = None

    def whom(self, options: str) -> Whom:
        """Raises `ConfigurationError` for both and for neither; `options` are the options that choose states."""
        narrowed = self.reason_starts or self.domain or self.waits_for
        if self.names and (self.states or narrowed):
            raise ConfigurationError(f"give ids and addresses, or {options}; not both")
        if not self.names and not self.states:
            raise ConfigurationError(f"say which requests: give ids and addresses, or {options}")
        domain = normalise_domain(self.domain) if self.domain else None
        return self.names or Selection(self.states, self.reason_starts or "", domain, self.waits_for)


async def retry(chosen: Chosen, *, dry_run: bool, as_json: bool) -> None:
    whom = chosen.whom("--dead or --dismissed")
    run = partial(RequestOperations.retry, whom=whom, dry_run=dry_run)
    await _run(run, whom, _Report("retried", dry_run=dry_run, as_json=as_json))


async def bury(chosen: Chosen, reason: str, *, dry_run: bool, as_json: bool) -> None:
    whom = chosen.whom("--waiting")
    run = partial(RequestOperations.bury, whom=whom, reason=reason, dry_run=dry_run)
    await _run(run, whom, _Report("buried", dry_run=dry_run, as_json=as_json))


async def dismiss(chosen: Chosen, reason: str, *, dry_run: bool, as_json: bool) -> None:
    whom = chosen.whom("--dead")
    run = partial(RequestOperations.dismiss, whom=whom, reason=reason, dry_run=dry_run)
    await _run(run, whom, _Report("dismissed", dry_run=dry_run, as_json=as_json))


async def _run(run: Callable[..., AsyncIterator[Batch]], whom: Whom, report: "_Report") -> None:
    is_selection = isinstance(whom, Selection)
    async with connected_to_database(settings_or_trial()) as parts:
        batches = run(RequestOperations(parts.pool, parts.retry_index), actor=operator_name())
        with _progress(report, shown=is_selection and not report.dry_run) as advance:
            try:
                async for batch in batches:
                    report.add(batch, each=not is_selection or report.dry_run)
                    advance(batch)
            except DatabaseUnavailable as error:
                raise DatabaseUnavailable(f"{error}; {report.so_far}") from error
            except asyncio.CancelledError:
                typer.echo(f"postroom: interrupted; {report.so_far}", err=True)
                raise
    report.end(in_total=is_selection or report.dry_run)


@dataclass(slots=True)
class _Report:
    """What is printed about batches. `did` is the action in the past tense."""

    did: str
    dry_run: bool
    as_json: bool
    done: int = 0
    failed: int = 0
    _unknown: int = 0
    _failures: list[Failure] = field(default_factory=list[Failure])
    _document: JsonRows = field(default_factory=lambda: JsonRows("requests"))

    @property
    def so_far(self) -> str:
        return f"{self.done} {self.did} so far; run it again to continue"

    def add(self, batch: Batch, *, each: bool) -> None:
        """Print the failures of a batch and, with `each`, a line for each request."""
        self.done += len(batch.done)
        self.failed += len(batch.failures)
        self._unknown += sum(failure.code == "unknown" for failure in batch.failures)
        if self.as_json:
            self._document.write(map(as_dict, batch.done))
            self._failures += batch.failures
            return
        if each:
            for request in batch.done:
                who = f"{request.email}, identity {request.identity_id}" if self.dry_run else request.email
                typer.echo(escape_control(f"{who}: {describe(request, None)}"))
        for failure in batch.failures:
            typer.echo(f"postroom: {escape_control(failure.error)}", err=True)

    def end(self, *, in_total: bool) -> None:
        """Raises `typer.Exit` if something failed."""
        if self.as_json:
            self._document.end({"done": self.done, "dry_run": self.dry_run, "failed": self._failures})
        elif in_total:
            did = f"would be {self.did}" if self.dry_run else self.did
            typer.echo(f"{self.done} {did}" + (f", {self.failed} not" if self.failed else ""))
        if self.failed:
            # Nobody has a request: the names are wrong.
            raise typer.Exit(2 if not self.done and self._unknown == self.failed else 1)


@contextmanager
def _progress(report: _Report, *, shown: bool) -> Generator[Callable[[Batch], None]]:
    """On standard error, and only on a terminal: standard output may be read by a program."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.completed} requests read, {task.fields[done]} " + report.did), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not (shown and console.is_terminal)) as progress:
        task = progress.add_task("", total=None, done=0)
        yield lambda batch: progress.update(task, advance=batch.rows_read, done=report.done)


def describe(request: Request, account: Account | None) -> str:
    match request.state:
        case State.PROVISIONED:
            doubt = f"; {account.doubt} at the mail server" if account and account.doubt else ""
            return f"provisioned, account {account.id}{doubt}" if account else "provisioned"
        case State.DEAD:
            return f"dead, dismissed: {request.reason}" if request.dismissed_at else f"dead: {request.reason}"
        case State.RUNNING:
            return "an attempt runs"
        case State.WAITING:
            number = f"retry {request.retries} of {MAX_RETRIES}" if request.retries else "first attempt"
            return f"waits for its {number}, due {ago(request.due_at)}"
