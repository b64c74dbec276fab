"""`python -m infra.deploy render` writes what release.py deploys; `upload` copies what would be uploaded."""

import json
import shutil
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from infra.errors import InvalidDeclaration
from infra.functions import deploy_flags, environment
from infra.loading import load, variables_given

ROOT = Path(__file__).resolve().parents[2]
DECLARATION = ROOT / "infra/billing.yaml"
RELEASE = Path("build/release.json")


def main() -> None:
    """Parse the command line and do it."""
    parser = ArgumentParser(prog="python -m infra.deploy", description="Prepare a release of the three functions.")
    commands = parser.add_subparsers(required=True)
    render = commands.add_parser(
        "render", help="write what release.py deploys: every function with its flags, from infra/billing.yaml"
    )
    render.add_argument("--project", required=True)
    render.add_argument("--region")
    render.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a variable; an empty VALUE is as the file says",
    )
    render.add_argument("--declaration", type=Path, default=DECLARATION, help="infra/billing.yaml unless given")
    render.add_argument("--python", metavar="VERSION", help="what the tests ran on, such as 3.11: the runtime")
    render.add_argument("--file", type=Path, default=RELEASE, help=f"where to, {RELEASE} unless given")
    render.set_defaults(do=_render)
    upload = commands.add_parser("upload", help="copy the files that a deploy would upload, and say what they come to")
    upload.add_argument("--dir", type=Path, default=Path("build/upload"), help="where to, build/upload unless given")
    upload.set_defaults(do=_upload)
    given = parser.parse_args()
    given.do(given)


def _render(given: Namespace) -> None:
    runtime = f"python{given.python.replace('.', '')}" if given.python else ""
    try:
        said = variables_given(given.set) | {"project": given.project, "region": given.region, "runtime": runtime}
        declaration = load(given.declaration, {name: value for name, value in said.items() if value})
    except InvalidDeclaration as error:
        sys.exit(str(error))
    release = {
        "project": declaration.variables.project,
        "region": declaration.variables.region,
        "functions": [
            {
                "name": name,
                "flags": list(deploy_flags(declaration, name)),
                "environment": environment(declaration, name),
                "audience": declaration.url(name),
                "caller": next((declaration.email(account) for account in function.callers), None),
            }
            for name, function in declaration.functions.items()
        ],
    }
    given.file.parent.mkdir(parents=True, exist_ok=True)
    given.file.write_text(json.dumps(release, indent=2) + "\n", encoding="utf-8")
    print(f"{', '.join(declaration.functions)} for project {release['project']} in {release['region']}: {given.file}")


def _upload(given: Namespace) -> None:
    command = ["gcloud", "meta", "list-files-for-upload", str(ROOT)]
    listed = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    shutil.rmtree(given.dir, ignore_errors=True)
    size = 0
    for name in sorted(listed.stdout.splitlines()):
        target = given.dir / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, target)
        size += target.stat().st_size
    print(f"{len(listed.stdout.splitlines())} files, {size / 1e6:.1f} MB: {given.dir}")


main()
