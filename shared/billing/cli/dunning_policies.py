"""`billing dunning policy`: a tenant's policies shown, a file of them checked, and set with what that changes."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from billing.adapters.book_files.dunning_model import policies_json, read_policies
from billing.cli.directory import call_on, open_place
from billing.cli.errors import Refused
from billing.cli.place import Place
from billing.cli.screen import Json, answers, columns, write_json
from billing.domain.dunning_policies import DunningPolicies
from billing.domain.dunning_policy import DunningPolicy
from billing.domain.policy_text import policy_terms
from billing.domain.policy_warnings import policy_warnings
from billing.domain.tenant_settings import SettingChange
from billing.usecases.assign_policy import assign_policy
from billing.usecases.policy_effect import PolicyEffect
from billing.usecases.set_policies import SetPolicies, set_policies


def show_policies(name: str | None, *, place: Place) -> None:
    """Print the policies, or the one of that name; InvalidInput where there is no such."""
    _, tenant = open_place(place)
    dunning = tenant.dunning
    shown = dunning.policies if name is None else (dunning.named(name),)
    if place.as_json:
        names = {each.name for each in shown}
        content = policies_json(dunning)
        content["policies"] = [each for each in content["policies"] if each["name"] in names]
        content["segments"] = {segment: each for segment, each in content["segments"].items() if each in names}
        write_json(content)
    else:
        _print_policies(shown, dunning, answers())


def check_file(file: Path, *, as_json: bool) -> None:
    """Print what a file says and what is doubtful in it; BookErrors says what is wrong with it."""
    policies = read_policies(file)
    warnings = policy_warnings(policies)
    if as_json:
        write_json({**policies_json(policies), "warnings": list(warnings)})
        return
    console = answers()
    _print_policies(policies.policies, policies, console)
    console.print()
    _print_warnings(warnings, console)
    console.print(f"{escape(str(file))}: sound", style="green", soft_wrap=True)


def set_file(file: Path, *, dry_run: bool, place: Place) -> None:
    """Set the policies of a file and print what that changes; BookErrors says what is wrong with it."""
    engine, tenant = open_place(place)
    policies = read_policies(file)
    done = set_policies(engine.documents, policies, call=call_on(tenant), dry_run=dry_run)
    warnings = policy_warnings(policies)
    if place.as_json:
        write_json(_set_json(done, warnings, tenant_id=tenant.id, dry_run=dry_run))
        return
    console = answers()
    if not done.changes:
        console.print(f"{tenant.id}: all of it is set so already")
    else:
        console.print(f"{tenant.id}, dry run: nothing was written" if dry_run else f"{tenant.id}, from the next run on")
        _print_changes(done.changes, console)
    _print_effects(done, console, dry_run=dry_run)
    _print_warnings(warnings, console)


def assign_to(customer_id: str, *, policy: str | None, segment: str | None, place: Place) -> None:
    """Give a customer a policy or a segment and print what it follows then; Refused where neither is named."""
    if policy is None and segment is None:
        message = "name what to assign: --policy NAME, --segment ID, or both"
        raise Refused(message)
    engine, tenant = open_place(place)
    done = assign_policy(engine.documents, customer_id, policy=policy, segment=segment, call=call_on(tenant))
    customer = done.customer.value
    if place.as_json:
        own = {"customer_id": customer.id, "dunning_policy": customer.dunning_policy, "segment": customer.segment}
        write_json({**own, "follows": done.policy, "earlier": done.earlier})
        return
    console = answers()
    console.print(f"{escape(customer.id)} follows the policy {escape(done.policy)}", soft_wrap=True)
    if done.earlier:
        console.print(_earlier(done.earlier, dry_run=False))


def _print_policies(shown: Sequence[DunningPolicy], dunning: DunningPolicies, console: Console) -> None:
    for number, policy in enumerate(shown):
        if number:
            console.print()
        followers = sorted(segment for segment, name in dunning.segments.items() if name == policy.name)
        segments = f"  followed by segment {', '.join(followers)}" if followers else ""
        console.print(f"[bold]{escape(policy.name)}[/]{escape(segments)}", soft_wrap=True)
        table = columns("", "", "", "", "", right=(0,))
        table.add_row("Day", "Charge", "Notice", "By", "State", style="dim")
        for step in policy.steps:
            by = step.channel.value if step.template else ""
            notice = step.template.value or "-"
            table.add_row(str(step.day), "retry" if step.retry else "-", notice, by or "-", step.state.value)
        console.print(table)
        for term in policy_terms(policy):
            console.print(escape(term), soft_wrap=True)


def _print_changes(changes: Sequence[SettingChange], console: Console) -> None:
    for change in changes:
        for sign, text in (("-", change.before), ("+", change.after)):
            for line in filter(None, text.split(" | ")):
                console.print(f"  {sign} {escape(line)}", soft_wrap=True)


def _print_effects(done: SetPolicies, console: Console, *, dry_run: bool) -> None:
    concerned = [each for each in done.effects if each.cases]
    if not concerned:
        console.print("no case is open", style="dim")
        return
    table = columns("bold", "", "", "", "", right=(1, 2, 3, 4))
    table.add_row("Policy", "Open cases", "With other steps", "Suspended next", "Without their own", style="dim")
    for each in concerned:
        counts = (each.cases, each.moved, each.suspended, each.left_over)
        table.add_row(escape(each.policy), *map(str, counts))
    console.print(table)
    if done.earlier:
        console.print(_earlier(done.earlier, dry_run=dry_run))


def _earlier(cases: int, *, dry_run: bool) -> str:
    number = "1 case" if cases == 1 else f"{cases} cases"
    return f"looked at earlier than before: {number}{', once it is set' if dry_run else ''}"


def _print_warnings(warnings: Sequence[str], console: Console) -> None:
    for each in warnings:
        console.print(f"doubtful: {escape(each)}", style="yellow", soft_wrap=True)


def _set_json(done: SetPolicies, warnings: Sequence[str], *, tenant_id: str, dry_run: bool) -> Json:
    return {
        "tenant_id": tenant_id,
        "dry_run": dry_run,
        "changed": [
            {"setting": each.setting.name, "before": each.before, "after": each.after} for each in done.changes
        ],
        "open_cases": [_effect_json(each) for each in done.effects],
        "earlier": done.earlier,
        "warnings": list(warnings),
    }


def _effect_json(effect: PolicyEffect) -> Json:
    return {
        "policy": effect.policy,
        "cases": effect.cases,
        "moved": effect.moved,
        "suspended": effect.suspended,
        "left_over": effect.left_over,
    }
