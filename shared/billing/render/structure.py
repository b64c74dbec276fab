"""What the parts of a page are (heading, paragraph, table, cell), for screen readers and for who extracts the text.

The tree depends on how many rows stand on which page and not on what they say: invoices of one shape share its bytes.
"""

from dataclasses import dataclass, field
from functools import lru_cache

from billing.render.pdf_file import PackedObjects, PdfFile

_COLUMN_HEAD = " /A << /O /Table /Scope /Column >>"


@dataclass(slots=True)
class Structure:
    """The elements of a document in reading order, as what happens: `<Table`, `TD 0 17` (sheet, content), `>`."""

    _happenings: list[str] = field(default_factory=list)

    def open(self, role: str) -> None:
        """Begin an element that has others in it."""
        self._happenings.append(f"<{role}")

    def close(self) -> None:
        """End the element that was opened last."""
        self._happenings.append(">")

    def leaf(self, role: str, *, sheet: int, content: int, text: str = "") -> None:
        """Add an element that is marked content of a sheet; `text` says in words what a picture shows."""
        self._happenings.append(f"{role} {sheet} {content} {text}")

    def write(self, file: PdfFile, *, pages: tuple[int, ...]) -> int:
        """Add the tree to the file, whose pages have these object numbers; gives the number of its root."""
        first = file.next_number
        file.add_packed(_tree("\n".join(self._happenings), pages, first))
        return first


@dataclass(slots=True)
class _Element:
    number: int
    parent: int
    role: str
    content: str = ""  # what the dictionary says of a leaf
    children: list[int] = field(default_factory=list)

    def body(self) -> str:
        kids = self.content or "/K [" + " ".join(f"{child} 0 R" for child in self.children) + "]"
        head = _COLUMN_HEAD if self.role == "TH" else ""
        return f"<</S/{self.role}/P {self.parent} 0 R{head}{kids}>>"


@lru_cache(maxsize=64)
def _tree(happenings: str, pages: tuple[int, ...], first: int) -> PackedObjects:
    elements = [_Element(first + 1, first, "Document")]
    open_elements = [elements[0]]
    leaves: list[list[int]] = [[] for _ in pages]  # by sheet and content: the element's number
    for happening in happenings.split("\n"):
        if happening == ">":
            open_elements.pop()
            continue
        element = _Element(elements[-1].number + 1, open_elements[-1].number, "")
        open_elements[-1].children.append(element.number)
        elements.append(element)
        if happening.startswith("<"):
            element.role = happening[1:]
            open_elements.append(element)
        else:
            element.role, sheet, content, text = happening.split(" ", 3)
            alternative = f"/Alt <FEFF{text.encode('utf-16-be').hex().upper()}>" if text else ""
            element.content = f"{alternative}/Pg {pages[int(sheet)]} 0 R/K {content}"
            leaves[int(sheet)].append(element.number)
    numbers = " ".join(
        f"{sheet} [{' '.join(f'{number} 0 R' for number in numbers)}]" for sheet, numbers in enumerate(leaves)
    )
    root = f"<</Type/StructTreeRoot/K {first + 1} 0 R/ParentTree <</Nums [{numbers}]>>>>"
    return PackedObjects.pack([root, *(element.body() for element in elements)], first=first)
