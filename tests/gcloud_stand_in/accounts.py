"""APIs that are on, service accounts, and who has which role on what."""

from tests.gcloud_stand_in.call import Commands, Flags, Json, no
from tests.gcloud_stand_in.storage import bucket_of


def _services_list(state: Json, _words: list[str], _flags: Flags) -> Json:
    return [{"config": {"name": name}, "state": "ENABLED"} for name in state["services"]]


def _services_enable(state: Json, names: list[str], _flags: Flags) -> None:
    state["services"] += [name for name in names if name not in state["services"]]


def _account_create(state: Json, words: list[str], flags: Flags) -> None:
    email = f"{words[0]}@{flags.one('--project')}.iam.gserviceaccount.com"
    if any(each["email"] == email for each in state["accounts"]):
        no(f"Resource in projects is the subject of a conflict: Service account {words[0]} already exists")
    state["accounts"].append({"email": email, "displayName": flags.one("--display-name", "")})


def account_of(state: Json, email: str) -> Json:
    found = next((each for each in state["accounts"] if each["email"] == email), None)
    if found is None:
        no(f"NOT_FOUND: Unknown service account {email}")
    return found


def _account_update(state: Json, words: list[str], flags: Flags) -> None:
    account_of(state, words[0])["displayName"] = flags.one("--display-name")


def _account_enable(state: Json, words: list[str], _flags: Flags) -> None:
    account_of(state, words[0]).pop("disabled", None)


def _account_delete(state: Json, words: list[str], _flags: Flags) -> None:
    state["accounts"].remove(account_of(state, words[0]))


def _target(state: Json, words: list[str]) -> str:
    """What a policy is of, which has to be there."""
    target = words[0]
    if target.startswith("gs://"):
        bucket_of(state, target)
    elif "@" in target:
        account_of(state, target)
    return target


def _policy(state: Json, words: list[str], _flags: Flags) -> Json:
    bindings = state["policies"].get(_target(state, words), {})
    plain = [{"role": role, "members": members} for role, members in bindings.items() if members]
    return {"bindings": [*plain, *state.get("conditional", {}).get(words[0], [])]}


def _condition(state: Json, words: list[str], flags: Flags) -> Json:
    """The condition that is meant; None is the role without one. Where a policy has any it has to be said."""
    if "--condition-from-file" in flags:
        return flags.file("--condition-from-file")
    if flags.one("--condition") != "None" and state.get("conditional", {}).get(words[0]):
        no("A binding without a condition in a policy with conditions: run the command again with --condition=None")
    return None


def _bind(state: Json, words: list[str], flags: Flags) -> None:
    member = flags.one("--member").removeprefix("serviceAccount:")
    if member != "allUsers" and not any(each["email"] == member for each in state["accounts"]):
        no(f"INVALID_ARGUMENT: Service account {member} does not exist.")
    if condition := _condition(state, words, flags):
        bound = {"role": flags.one("--role"), "members": [flags.one("--member")], "condition": condition}
        state.setdefault("conditional", {}).setdefault(_target(state, words), []).append(bound)
        return
    members = state["policies"].setdefault(_target(state, words), {}).setdefault(flags.one("--role"), [])
    if flags.one("--member") not in members:
        members.append(flags.one("--member"))


def _unbind(state: Json, words: list[str], flags: Flags) -> None:
    if condition := _condition(state, words, flags):
        bound = {"role": flags.one("--role"), "members": [flags.one("--member")], "condition": condition}
        state["conditional"][_target(state, words)].remove(bound)
        return
    members = state["policies"].get(_target(state, words), {}).get(flags.one("--role"), [])
    if flags.one("--member") not in members:
        no("Policy binding with the specified principal and role was not found!")
    members.remove(flags.one("--member"))


GROUPS = ("projects", "iam service-accounts", "storage buckets", "run services")

COMMANDS: Commands = {
    "services list": _services_list,
    "services enable": _services_enable,
    "iam service-accounts list": lambda state, _words, _flags: state["accounts"],
    "iam service-accounts create": _account_create,
    "iam service-accounts update": _account_update,
    "iam service-accounts enable": _account_enable,
    "iam service-accounts delete": _account_delete,
    **{f"{group} get-iam-policy": _policy for group in GROUPS},
    **{f"{group} add-iam-policy-binding": _bind for group in GROUPS},
    **{f"{group} remove-iam-policy-binding": _unbind for group in GROUPS},
}
