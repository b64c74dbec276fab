"""`billing audit verify` and `seal`: what the log proves, and the digest that proves it outside of the books."""

import re
from dataclasses import asdict
from datetime import timedelta

from rich.text import Text

from billing.cli.directory import call_on, open_place
from billing.cli.errors import DONE, HAD_FAILURES
from billing.cli.place import Place
from billing.cli.screen import Json, answers, columns, counting, write_json
from billing.domain.errors import InvalidInput
from billing.domain.seal import Seal
from billing.store.audit_seals import AuditSeals
from billing.usecases.seal_audit import SEAL_MARGIN, seal_audit
from billing.usecases.verify_audit_log import AuditVerification, verify_audit_log

_DIGEST = re.compile(r"[0-9a-fA-F]{64}")


def run_verify(digest: str | None, *, place: Place) -> int:
    """Verify the log and print what was found; the exit code, 1 where anything was. InvalidInput for no digest."""
    if digest is not None and not _DIGEST.fullmatch(digest):
        raise InvalidInput("--digest", expected="the 64 hexadecimal digits of a seal's digest", given=digest)
    engine, tenant = open_place(place)
    with counting(f"Verifying {tenant.id}") as progress:
        verified = verify_audit_log(engine.documents, tenant.id, kept_digest=digest, progress=progress)
    if place.as_json:
        write_json(_json(verified))
    else:
        _print(verified)
    return HAD_FAILURES if verified.findings.total else DONE


def run_seal(*, at_once: bool, place: Place) -> None:
    """Seal the log and print the digest, of the last seal where nothing is new."""
    engine, tenant = open_place(place)
    made = seal_audit(engine.documents, call=call_on(tenant), margin=timedelta(0) if at_once else SEAL_MARGIN)
    seal = made or AuditSeals.of(engine.documents, tenant.id).latest()
    if place.as_json:
        write_json(
            {"tenant_id": tenant.id, "new": made is not None, "seal": None if seal is None else _seal_json(seal)}
        )
    else:
        _print_seal(seal, is_new=made is not None)


def _print(verified: AuditVerification) -> None:
    console = answers()
    table = columns("", "", right=(1,))
    table.add_row("Audit batches", f"{verified.batches:,}")
    table.add_row("Records", f"{verified.records:,}")
    table.add_row("Seals", f"{verified.seals:,}")
    table.add_row("Batches not sealed yet", f"{verified.unsealed_batches:,}")
    console.print(table)
    console.print()
    if verified.kept is not None:
        console.print(f"Seal {verified.kept.number}, until {_when(verified.kept)}, has the digest that you kept.")
    if not verified.findings.total:
        console.print("Nothing found: every record is as it was written.", style="green")
        return
    number = "1 finding" if verified.findings.total == 1 else f"{verified.findings.total:,} findings"
    console.print(Text(number, style="bold red"))
    for each in verified.findings.kept:
        console.print(Text.assemble((f"{each.kind.value:<26}", "red"), each.message), soft_wrap=True)
    if verified.findings.total > len(verified.findings.kept):
        console.print(f"and {verified.findings.total - len(verified.findings.kept):,} more")


def _print_seal(seal: Seal | None, *, is_new: bool) -> None:
    console = answers()
    if seal is None:
        console.print("Nothing to seal yet: what was recorded in the last two hours may still grow.")
        return
    if is_new:
        console.print(f"Seal {seal.number}: {seal.batches:,} batches, {seal.records:,} records, until {_when(seal)}.")
    else:
        console.print(f"Nothing new to seal. Seal {seal.number} is the last one, until {_when(seal)}.")
    console.print(f"Digest: {seal.digest}", soft_wrap=True)
    if is_new:
        console.print("Keep it where the books can't be written; `billing audit verify --digest` compares.")


def _when(seal: Seal) -> str:
    return f"{seal.until:%Y-%m-%d %H:%M:%S} UTC"


def _json(verified: AuditVerification) -> Json:
    return {
        "tenant_id": verified.tenant_id,
        "clean": not verified.findings.total,
        "batches": verified.batches,
        "records": verified.records,
        "seals": verified.seals,
        "sealed_until": None if verified.sealed_until is None else verified.sealed_until.isoformat(),
        "not_sealed": {"batches": verified.unsealed_batches, "records": verified.unsealed_records},
        "kept": None if verified.kept is None else _seal_json(verified.kept),
        "counts": {kind.value: count for kind, count in sorted(verified.findings.counts.items())},
        "findings": [asdict(each) for each in verified.findings.kept],
        "not_shown": verified.findings.total - len(verified.findings.kept),
    }


def _seal_json(seal: Seal) -> Json:
    since = None if seal.since is None else seal.since.isoformat()
    return {**asdict(seal), "since": since, "until": seal.until.isoformat()}
