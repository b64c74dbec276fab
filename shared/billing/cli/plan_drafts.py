"""`billing plans draft`: a plan's next version, saved, shown, published or discarded."""

import json
from pathlib import Path

import typer

from billing.adapters.book_files.plan_draft import flaws_of, plan_of_draft, read_draft, shown_content
from billing.cli.confirmation import confirm
from billing.cli.directory import call_on, open_place
from billing.cli.place import Place
from billing.cli.screen import Json, answers, columns, complaints, write_json
from billing.domain.book import BookError
from billing.domain.plan_draft import PlanDraft
from billing.ports import Documents
from billing.store.codec import instant_text
from billing.store.plan_drafts import PlanDrafts
from billing.store.plans import PlanVersions
from billing.usecases.draft_plan import discard_plan_draft, publish_plan_draft, save_plan_draft


def run_save(file: Path, *, place: Place) -> None:
    """Save and say what is still missing; BookErrors where the file is no JSON or names no plan."""
    plan_id, content = read_draft(file)
    engine, tenant = open_place(place)
    draft = save_plan_draft(engine.documents, plan_id, content, call=call_on(tenant)).value
    version, flaws = _judged(engine.documents, tenant.id, draft)
    if place.as_json:
        write_json(_json(draft, version, flaws))
        return
    answers().print(f"Saved a draft of {plan_id}", markup=False)
    if not flaws:
        answers().print(f"Sound: `billing plans draft publish {plan_id}` makes it {plan_id}@{version}", markup=False)
    _complain(flaws)


def show_all(place: Place) -> None:
    """Print the plans that have a draft."""
    engine, tenant = open_place(place)
    drafts = PlanDrafts.of(engine.documents, tenant.id).all()
    if place.as_json:
        write_json({"drafts": [_row(each) for each in drafts]})
        return
    table = columns("bold", "", "")
    for each in drafts:
        table.add_row(each.plan_id, instant_text(each.saved_at), each.saved_by)
    answers().print(table, markup=False)


def show_one(plan_id: str, *, place: Place) -> None:
    """Print a draft; NotFound where there is none."""
    engine, tenant = open_place(place)
    draft = PlanDrafts.of(engine.documents, tenant.id).get(plan_id).value
    version, flaws = _judged(engine.documents, tenant.id, draft)
    if place.as_json:
        write_json(_json(draft, version, flaws))
        return
    typer.echo(json.dumps({"plan_id": plan_id, **shown_content(draft)}, indent=2, ensure_ascii=False))
    _complain(flaws)


def run_publish(plan_id: str, *, place: Place) -> None:
    """Publish and say which version it is; BookErrors says what is wrong with the draft."""
    engine, tenant = open_place(place)
    plan = publish_plan_draft(engine.documents, plan_id, read_plan=plan_of_draft, call=call_on(tenant))
    if place.as_json:
        write_json({"tenant_id": tenant.id, "published": [plan.ref]})
    else:
        answers().print(f"Published {plan.ref}", markup=False)


def run_discard(plan_id: str, *, yes: bool, place: Place) -> None:
    """Drop a draft; NotFound where there is none."""
    engine, tenant = open_place(place)
    confirm(f"Discard the draft of {plan_id}?", yes=yes)
    discard_plan_draft(engine.documents, plan_id, call=call_on(tenant))
    if place.as_json:
        write_json({"tenant_id": tenant.id, "discarded": plan_id})
    else:
        answers().print(f"Discarded the draft of {plan_id}", markup=False)


def _judged(documents: Documents, tenant_id: str, draft: PlanDraft) -> tuple[int, tuple[BookError, ...]]:
    """The version that publishing would make, and what is in its way."""
    version = PlanVersions.of(documents, tenant_id).next_version(draft.plan_id)
    return version, flaws_of(draft, version)


def _complain(flaws: tuple[BookError, ...]) -> None:
    if flaws:
        complaints().print("Before it can be published:", style="red")
    for each in flaws:
        complaints().print(f"  {each}", style="red", markup=False)


def _row(draft: PlanDraft) -> Json:
    return {"plan_id": draft.plan_id, "saved_by": draft.saved_by, "saved_at": draft.saved_at}


def _json(draft: PlanDraft, version: int, flaws: tuple[BookError, ...]) -> Json:
    told = [{"field": each.column, "message": each.message} for each in flaws]
    return {**_row(draft), "version": version, "plan": shown_content(draft), "flaws": told}
