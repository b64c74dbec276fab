"""What flows down the pages: a cursor that starts a new sheet where the room ends. All measures are points."""

from billing.render.invoice_view import InvoiceView
from billing.render.sheet import HEIGHT, WIDTH, Document, Sheet
from billing.render.wrapping import wrap

LEFT, RIGHT = 48.0, WIDTH - 48.0
CONTENT_WIDTH = RIGHT - LEFT
TOP, BOTTOM = HEIGHT - 44.0, 70.0  # what flows stays between; the footer is below
GREY, HAIRLINE = "0.42 0.45 0.5", "0.86 0.88 0.9"
TEXT, SMALL = 9.0, 7.5
LEADING, SMALL_LEADING = 12.0, 10.0
_RUNNING_HEAD = 26.0
FULL_PAGE = TOP - BOTTOM - _RUNNING_HEAD  # the room on every page but the first


class PageFlow:
    """Where the next thing goes: `sheet`, and `y`, the height of its upper edge."""

    def __init__(self, view: InvoiceView) -> None:
        self._view = view
        self.document = Document(
            title=view.title,
            author=view.seller.name,
            subject=f"{view.title} for {view.buyer.name}",
            language=view.language,
            created=view.created,
        )
        self.sheet: Sheet = self.document.add_sheet()
        self.y = TOP

    @property
    def room(self) -> float:
        """What is left of the sheet."""
        return self.y - BOTTOM

    def has_room(self, height: float) -> bool:
        """Whether something of this height still fits on the sheet."""
        return height <= self.room

    def keep_together(self, height: float) -> None:
        """Start a new sheet unless the next `height` points fit on this one; what fits on none starts here."""
        if not self.has_room(height) and height <= FULL_PAGE:
            self.new_sheet()

    def new_sheet(self) -> None:
        """Go on at the top of the next page, below a head that says whose page it is."""
        self.sheet = self.document.add_sheet()
        baseline = TOP - 8
        seller = wrap(self._view.seller.name, width=CONTENT_WIDTH / 2, size=SMALL)[0]
        self.sheet.text(seller, x=LEFT, y=baseline, size=SMALL, colour=GREY)
        self.sheet.text(self._view.title, x=RIGHT, y=baseline, size=SMALL, colour=GREY, align="right")
        self.sheet.rule(x=LEFT, y=TOP - 14, width=CONTENT_WIDTH, colour=HAIRLINE)
        self.y = TOP - _RUNNING_HEAD
