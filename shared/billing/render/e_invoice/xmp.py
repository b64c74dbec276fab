"""The XMP packet of a Factur-X file: PDF/A-3b, the document's own words, and the extension schema of Factur-X 1.0."""

from dataclasses import dataclass
from xml.sax.saxutils import escape

NAMESPACE = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"

_PROPERTIES = (
    ("DocumentFileName", "name of the embedded XML invoice file"),
    ("DocumentType", "INVOICE"),
    ("Version", "version of the Factur-X data set"),
    ("ConformanceLevel", "profile of the Factur-X data set"),
)
_BEGIN = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
_END = '<?xpacket end="w"?>'


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What the PDF says of itself; `moment`, in the form of XMP, is that of its creation and of its last change."""

    title: str
    subject: str
    author: str
    language: str
    creator: str
    producer: str
    moment: str


def factur_x_packet(described: Description, *, file_name: str) -> bytes:
    """The packet, UTF-8, for an invoice whose XML is embedded under `file_name` in the profile EN 16931."""
    groups = [
        _group("pdfaid", "http://www.aiim.org/pdfa/ns/id/", part="3", conformance="B"),
        _dublin_core(described),
        _group("pdf", "http://ns.adobe.com/pdf/1.3/", Producer=described.producer),
        _group(
            "xmp",
            "http://ns.adobe.com/xap/1.0/",
            CreatorTool=described.creator,
            CreateDate=described.moment,
            ModifyDate=described.moment,
        ),
        _group(
            "fx",
            NAMESPACE,
            DocumentType="INVOICE",
            DocumentFileName=file_name,
            Version="1.0",
            ConformanceLevel="EN 16931",
        ),
        _extension_schema(),
    ]
    start = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    return "\n".join([_BEGIN, start, *groups, "</rdf:RDF></x:xmpmeta>", _END]).encode()


def _group(prefix: str, namespace: str, **values: str) -> str:
    rows = "".join(f"<{prefix}:{name}>{escape(value)}</{prefix}:{name}>" for name, value in values.items() if value)
    return f'<rdf:Description rdf:about="" xmlns:{prefix}="{namespace}">{rows}</rdf:Description>'


def _dublin_core(described: Description) -> str:
    rows = [
        "<dc:format>application/pdf</dc:format>",
        f'<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{escape(described.title)}</rdf:li></rdf:Alt></dc:title>',
    ]
    if described.subject:
        text = escape(described.subject)
        rows.append(f'<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{text}</rdf:li></rdf:Alt></dc:description>')
    if described.author:
        rows.append(f"<dc:creator><rdf:Seq><rdf:li>{escape(described.author)}</rdf:li></rdf:Seq></dc:creator>")
    if described.language:
        rows.append(f"<dc:language><rdf:Bag><rdf:li>{escape(described.language)}</rdf:li></rdf:Bag></dc:language>")
    joined = "".join(rows)
    return f'<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">{joined}</rdf:Description>'


def _extension_schema() -> str:
    """What PDF/A asks for where a packet uses a schema of its own (ISO 19005-3, 6.6.2.3)."""
    properties = "".join(
        '<rdf:li rdf:parseType="Resource">'
        f"<pdfaProperty:name>{name}</pdfaProperty:name><pdfaProperty:valueType>Text</pdfaProperty:valueType>"
        f"<pdfaProperty:category>external</pdfaProperty:category>"
        f"<pdfaProperty:description>{description}</pdfaProperty:description></rdf:li>"
        for name, description in _PROPERTIES
    )
    return (
        '<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"'
        ' xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#"'
        ' xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#"><pdfaExtension:schemas><rdf:Bag>'
        '<rdf:li rdf:parseType="Resource"><pdfaSchema:schema>Factur-X PDFA Extension Schema</pdfaSchema:schema>'
        f"<pdfaSchema:namespaceURI>{NAMESPACE}</pdfaSchema:namespaceURI><pdfaSchema:prefix>fx</pdfaSchema:prefix>"
        f"<pdfaSchema:property><rdf:Seq>{properties}</rdf:Seq></pdfaSchema:property></rdf:li>"
        "</rdf:Bag></pdfaExtension:schemas></rdf:Description>"
    )
