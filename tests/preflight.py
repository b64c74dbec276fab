"""PDFBox's preflight, which knows the rules of PDF/A-1b; and which of its complaints a PDF/A-3 must draw.

apt-get install libpdfbox2-java libactivation-java libjaxb-api-java
"""

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.real_parts import require_real_part

_JARS = Path("/usr/share/java")
_CLASS_PATH = [
    _JARS / f"{name}.jar"
    for name in (
        *("preflight", "pdfbox2", "xmpbox", "fontbox2", "commons-logging", "commons-io"),
        *("javax.activation", "jaxb-api"),
    )
]
_FINDING = re.compile(r"^([0-9.]+) : (.*)$", re.MULTILINE)

# What PDF/A-1 forbids or asks for and PDF/A-3 does not: embedded files are what it is for, ICC profiles may be of
# version 4, the metadata says part 3, cross references may be a stream (ISO 19005-3, 6.1.4), and a subset need not list
# its glyphs (6.2.11.4.2).
_OF_PART_3 = ("1.4.7 : Trailer Syntax error, EmbeddedFile", "1.2.9 : Body Syntax error, EmbeddedFile")
_KNOWN = (
    *_OF_PART_3,
    "2.1.6 : Invalid graphics object, Invalid version of the ICCProfile",
    "1.4 : Trailer Syntax error, /XRef cross reference streams are not allowed",
    "7.11.2 : Error on MetaData",
)
_NO_GLYPH_LIST = "The CIDSet entry is missing for the Composite Subset"


def pdf_a_findings(files: Sequence[Path]) -> dict[Path, list[str]]:
    """What preflight finds in each file, save what only says that the file is no PDF/A-1."""
    java = shutil.which("java")
    missing = [jar.name for jar in _CLASS_PATH if not jar.exists()]
    require_real_part(java is not None and not missing, f"PDFBox's preflight is not installed ({', '.join(missing)})")
    return {file: _findings(str(java), file) for file in files}


def _findings(java: str, file: Path) -> list[str]:
    validator = "org.apache.pdfbox.preflight.Validator_A1b"
    path = ":".join(map(str, _CLASS_PATH))
    done = subprocess.run(
        [java, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", path, validator, str(file)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    said = done.stdout + done.stderr
    assert "is not a valid PDF/A-1b" in said or "is a valid PDF/A-1b" in said, said
    found = [f"{code} : {message}" for code, message in _FINDING.findall(said)]
    return [each for each in found if not each.startswith(_KNOWN) and not each.endswith(_NO_GLYPH_LIST)]
