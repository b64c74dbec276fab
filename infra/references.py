"""The names in a declaration that nothing stands behind, and accounts that the functions would not let in."""

from collections.abc import Collection, Iterator
from typing import TypeAlias, get_args

from billing.ports.tasks import QueueName
from infra.declaration import Declaration

Flaw: TypeAlias = tuple[tuple[str, ...], str]
"""Where it is, and what was expected."""


def reference_flaws(declaration: Declaration) -> Iterator[Flaw]:
    """Names of nothing first: while there is one, who calls whom can't be told."""
    if unknown := [*_queues(declaration), *_accounts(declaration), *_functions(declaration), *_jobs(declaration)]:
        yield from unknown
    else:
        yield from _callers(declaration)


def _queues(declaration: Declaration) -> Iterator[Flaw]:
    for queue in get_args(QueueName):
        if queue not in declaration.queues:
            yield ("queues",), f"expected {queue}, which the functions put tasks into"


def _accounts(declaration: Declaration) -> Iterator[Flaw]:
    accounts = declaration.service_accounts
    yield from _unknown(["builder"], ("service_accounts",), known=accounts)
    for name, account in accounts.items():
        at = ("service_accounts", name)
        yield from _unknown(account.acts_as, (*at, "acts_as"), known=accounts)
        yield from _unknown(account.impersonates, (*at, "impersonates"), known=accounts)
        yield from _unknown(account.bucket_roles, (*at, "bucket_roles"), known=declaration.buckets)
        yield from _unknown(account.queue_roles, (*at, "queue_roles"), known=declaration.queues)
        yield from _unknown(account.reads_secrets, (*at, "reads_secrets"), known=declaration.secrets)


def _functions(declaration: Declaration) -> Iterator[Flaw]:
    accounts = declaration.service_accounts
    for name, function in declaration.functions.items():
        yield from _unknown(function.callers, ("functions", name, "callers"), known=accounts)
        yield from _unknown([function.runs_as], ("functions", name, "runs_as"), known=accounts)
        if function.runs_as in accounts and not accounts[function.runs_as].acts_as:
            yield ("functions", name, "runs_as"), "expected an account that may act as the one that its tasks call as"


def _jobs(declaration: Declaration) -> Iterator[Flaw]:
    for name, job in declaration.jobs.items():
        yield from _unknown([job.function], ("jobs", name, "function"), known=declaration.functions)
        yield from _unknown([job.calls_as], ("jobs", name, "calls_as"), known=declaration.service_accounts)


def _callers(declaration: Declaration) -> Iterator[Flaw]:
    """Whoever calls a function has to be one whom its door lets in: jobs, tasks of events, and apiProxy with runs."""
    for name, job in declaration.jobs.items():
        callers = declaration.functions[job.function].callers
        yield from _unknown([job.calls_as], ("jobs", name, "calls_as"), known=callers)
    for name, function in declaration.functions.items():
        needed = {declaration.tasks_call_as(each) for each in declaration.functions} if name == "apiProxy" else set()
        if name != "apiProxy" and "apiProxy" in declaration.functions:
            needed.add(declaration.functions["apiProxy"].runs_as)
        for each in sorted(needed - {*function.callers}):
            yield ("functions", name, "callers"), f"expected {each} among them, which calls it"


def _unknown(names: Collection[str], at: tuple[str, ...], *, known: Collection[str]) -> Iterator[Flaw]:
    for name in names:
        if name not in known:
            yield at, f"expected one of {', '.join(known) or 'none'}, got {name!r}"
