"""What infra/billing.yaml says agrees with the code that it serves, and what is wrong in it is found by line."""

from pathlib import Path
from typing import get_args

import pytest

from billing.config import SECRET_NAMES, Settings
from billing.ports.tasks import FunctionName, QueueName
from infra.errors import InvalidDeclaration
from infra.functions import deploy_flags, environment
from infra.loading import load
from infra.resources import resources
from tests.gcloud_stand_in.call import variables
from tests.google_rest import APIS
from tests.infra.cloud import DECLARATION, PROJECT

GIVEN = {"project": PROJECT}
TEXT = DECLARATION.read_text(encoding="utf-8")


def flaws(folder: Path, text: str, **given: str) -> list[str]:
    """What is wrong with another declaration, without its file's name."""
    file = folder / "other.yaml"
    file.write_text(text)
    with pytest.raises(InvalidDeclaration) as refused:
        load(file, {**GIVEN, **given})
    return [each.removeprefix(f"{file}:") for each in refused.value.flaws]


def line_of(text: str, words: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), start=1) if words in line)


def changed(old: str, new: str) -> str:
    assert TEXT.count(old) >= 1
    return TEXT.replace(old, new, 1)


def test_every_secret_queue_and_function_of_the_code_is_declared() -> None:
    declaration = load(DECLARATION, GIVEN)
    assert sorted(declaration.secrets) == sorted(SECRET_NAMES)
    assert sorted(declaration.queues) == sorted(get_args(QueueName))
    assert sorted(declaration.functions) == sorted(get_args(FunctionName))


def test_every_api_that_a_plan_or_a_release_calls_is_declared() -> None:
    declaration = load(DECLARATION, GIVEN)
    planned = {each.api for each in resources(declaration) if each.api}
    released = {f"{name}.googleapis.com" for name in APIS}
    assert (planned | released) - {"serviceusage.googleapis.com"} <= {*declaration.apis}


@pytest.mark.parametrize("name", get_args(FunctionName))
def test_a_function_starts_with_what_it_is_told(name: FunctionName) -> None:
    declaration = load(DECLARATION, GIVEN)
    settings = Settings.from_environment(environment(declaration, name))

    assert settings.oidc.audiences == (f"https://europe-west1-{PROJECT}.cloudfunctions.net/{name}",)
    assert settings.tasks is not None
    assert settings.tasks.service_account in settings.oidc.service_accounts
    assert settings.run_deadline_seconds < declaration.functions[name].timeout


@pytest.mark.parametrize("name", get_args(FunctionName))
def test_every_function_mails_and_looks_before_it_charges_where_that_is_set(name: FunctionName) -> None:
    given = {**GIVEN, "mail": "smtp://billing@mail.example:587", "look_before_charging": "on"}
    settings = Settings.from_environment(environment(load(DECLARATION, given), name))
    assert settings.mail is not None
    assert settings.look_before_charging


@pytest.mark.parametrize("name", get_args(FunctionName))
def test_a_function_is_built_from_a_file_that_is_there(name: FunctionName) -> None:
    function = load(DECLARATION, GIVEN).functions[name]
    assert f"def {function.entry_point}(" in Path(function.source).read_text()


def test_the_jobs_call_as_an_account_that_their_functions_let_in_and_name_the_audience_that_they_expect() -> None:
    declaration = load(DECLARATION, GIVEN)
    for job in declaration.jobs.values():
        told = environment(declaration, job.function)
        assert declaration.email(job.calls_as) in told["OIDC_SERVICE_ACCOUNTS"].split(",")
        assert told["OIDC_AUDIENCE"] == declaration.url(job.function)


def test_a_variable_with_commas_is_set_off_by_another_sign() -> None:
    flags = deploy_flags(load(DECLARATION, GIVEN), "run_dunning")
    [variables] = [flag.removeprefix("--set-env-vars=") for flag in flags if flag.startswith("--set-env-vars=")]
    callers = f"OIDC_SERVICE_ACCOUNTS=scheduler@{PROJECT}.iam.gserviceaccount.com,api-proxy@{PROJECT}.iam"
    assert variables.startswith("^|^PYTHONPATH=shared|")
    assert f"|{callers}" in variables


@pytest.mark.parametrize("address", ["a,b@mail.example", "a|b,c@mail.example", "a:0:b|c,d@mail.example"])
def test_gcloud_reads_each_variable_as_it_is_whatever_signs_it_has(address: str) -> None:
    declaration = load(DECLARATION, GIVEN)
    function = declaration.functions["run_dunning"]
    told = function.model_copy(update={"environment": {**function.environment, "BILLING_MAIL": f"smtp://{address}"}})
    declaration = declaration.model_copy(update={"functions": {**declaration.functions, "run_dunning": told}})

    [joined] = [flag for flag in deploy_flags(declaration, "run_dunning") if flag.startswith("--set-env-vars=")]
    read = variables(joined.removeprefix("--set-env-vars="))
    assert read == environment(declaration, "run_dunning")


def test_a_queue_that_the_functions_put_tasks_into_has_to_be_declared(tmp_path: Path) -> None:
    kept, _, rest = TEXT.replace("      runs: [roles", "      # [roles").partition("  runs: #")
    text = kept + rest[rest.index("  events: #") :]
    assert flaws(tmp_path, text) == [
        f"{line_of(text, 'queues:')}: queues: expected runs, which the functions put tasks into"
    ]


def test_a_variable_reaches_everything_that_names_it() -> None:
    declaration = load(DECLARATION, {**GIVEN, "region": "us-central1"})
    assert declaration.firestore.location == "us-central1"
    assert declaration.variables.tasks_region == "us-central1"
    assert declaration.url("apiProxy") == "https://us-central1-acme-billing.cloudfunctions.net/apiProxy"
    assert load(DECLARATION, {**GIVEN, "region": "us-central1", "tasks_region": "us-east1"}).variables.tasks_region == (
        "us-east1"
    )


@pytest.mark.parametrize(
    ("old", "new", "at", "said"),
    [
        (
            "max_per_second: 50",
            "max_per_second: 501",
            "queues.runs.max_per_second",
            "expected less than or equal to 500, got 501",
        ),
        ("max_per_second: 50", "max_per_second: many", "queues.runs.max_per_second", "a whole number, got 'many'"),
        (
            "    max_doublings: 6",
            "    no_longer_than: 24h",
            "queues.runs.no_longer_than",
            "expected max_attempts alone: with a time as well Cloud Tasks tries on until both are used up, got '24h'",
        ),
        ("max_per_second:", "max_per_sec:", "queues.runs.max_per_sec", "is no field; is it misspelt"),
        (
            "    schedule: 5 0 * * *",
            "    schedule: 5 0 * *",
            "jobs.generate-invoices.schedule",
            "expected five fields of a crontab, such as 5 0 * * *, got '5 0 * *'",
        ),
        ("time_zone: Etc/UTC", "time_zone: Etc/Utopia", "variables.time_zone", "expected a time zone's name"),
        ("  - firestore.googleapis.com", "  - firestore", "apis.8", "expected an API such as"),
        ("retention: 4018d", "retention: eleven years", "buckets.documents.retention", "expected a length such as 30s"),
        ("acts_as: [scheduler]", "acts_as: [nobody]", "service_accounts.generate-invoices.acts_as", "got 'nobody'"),
        ("callers: [scheduler, event-tasks]", "callers: [stranger]", "functions.apiProxy.callers", "got 'stranger'"),
        (
            "callers: [scheduler, event-tasks]",
            "callers: [scheduler]",
            "functions.apiProxy.callers",
            "expected event-tasks among them, which calls it",
        ),
        (
            "callers: [scheduler, api-proxy]",
            "callers: [scheduler]",
            "functions.generate_invoices.callers",
            "expected api-proxy among them, which calls it",
        ),
        ("runs_as: run-dunning", "runs_as: nobody", "functions.run_dunning.runs_as", "got 'nobody'"),
        ("runs_as: run-dunning", "runs_as: scheduler", "functions.run_dunning.runs_as", "may act as the one that its"),
        (
            "    calls_as: scheduler",
            "    calls_as: builder",
            "jobs.generate-invoices.calls_as",
            "expected one of scheduler, api-proxy, got 'builder'",
        ),
        ("    function: run_dunning", "    function: run_wild", "jobs.run-dunning.function", "'run_dunning'"),
        ("gs://${bucket}", "gs://${buckte}", "functions.generate_invoices.environment.BILLING_OBJECTS", "${buckte}"),
    ],
)
def test_a_flaw_is_told_with_its_line_its_field_and_what_was_expected(
    tmp_path: Path, old: str, new: str, at: str, said: str
) -> None:
    text = changed(old, new)
    told = [each for each in flaws(tmp_path, text) if f" {at}: " in each]
    assert told
    assert said in told[0]
    assert int(told[0].split(":")[0]) == line_of(text, new.strip())


def test_all_flaws_are_told_at_once(tmp_path: Path) -> None:
    text = changed("max_per_second: 50", "max_per_second: 0").replace("cpu: 1", "cpu: 9", 1)
    assert len(flaws(tmp_path, text)) == 2


def test_a_key_given_twice_is_a_flaw(tmp_path: Path) -> None:
    text = changed("queues:", "queues: {}\nqueues:")
    assert flaws(tmp_path, text) == [f"{line_of(text, 'queues: {}') + 1}: queues: is given twice"]


def test_a_bucket_has_versions_or_a_retention(tmp_path: Path) -> None:
    [flaw] = flaws(tmp_path, changed("versioning: false", "versioning: true"))
    assert "buckets.documents: expected either versioning or a retention" in flaw


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"project": ""}, "project: is not set; name it by --project or GOOGLE_CLOUD_PROJECT"),
        ({"mails": "x"}, "--set mails: expected one of project, region,"),
        ({"region": "europe"}, "variables.region: expected a region such as europe-west1, got 'europe'"),
    ],
)
def test_a_wrong_variable_is_told(tmp_path: Path, given: dict[str, str], said: str) -> None:
    assert any(said in each for each in flaws(tmp_path, TEXT, **given))


@pytest.mark.parametrize("text", ["", "- a list", "variables: [", "\tx: 1"])
def test_what_is_no_declaration_is_told(tmp_path: Path, text: str) -> None:
    assert flaws(tmp_path, text)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidDeclaration, match="No such file"):
        load(tmp_path / "none.yaml", GIVEN)
