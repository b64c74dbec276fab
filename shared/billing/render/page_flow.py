"""What flows down the pages: a cursor that starts a new sheet where the room ends. All measures are points."""

from billing.render.branding import Branding, Palette
from billing.render.document_view import DocumentView
from billing.render.sheet import Document, Sheet
from billing.render.wrapping import wrap

LEFT = 48.0  # and as much on the right
BOTTOM = 54.0  # what flows stays above; the footer is below
GREY, HAIRLINE = "0.40 0.43 0.48", "0.86 0.88 0.9"
TEXT, SMALL = 9.0, 7.5
LEADING, SMALL_LEADING = 12.0, 10.0
_TOP, _RUNNING_HEAD = 40.0, 26.0
_BAND = 6.0
_FOOTER_Y, _FOOTER_LINES = 42.0, 2
_PAGE_NUMBER_WIDTH = 90.0


class PageFlow:
    """Where the next thing goes: `sheet`, and `y`, the height of its upper edge."""

    def __init__(self, view: DocumentView, *, branding: Branding) -> None:
        self.view = view
        self.palette: Palette = branding.palette
        width, height = branding.size
        self.right = width - LEFT
        self.width = self.right - LEFT
        self.full_page = height - _TOP - BOTTOM - _RUNNING_HEAD  # the room on every page but the first
        self.document = Document(width=width, height=height)
        self.sheet: Sheet = self.document.add_sheet()
        self.sheet.box(x=0, y=height - _BAND, width=width, height=_BAND, colour=self.palette.accent)
        self.y = self._top = height - _TOP

    @property
    def room(self) -> float:
        """What is left of the sheet."""
        return self.y - BOTTOM

    def has_room(self, height: float) -> bool:
        """Whether something of this height still fits on the sheet."""
        return height <= self.room

    def keep_together(self, height: float) -> None:
        """Start a new sheet unless the next `height` points fit on this one; what fits on none starts here."""
        if not self.has_room(height) and height <= self.full_page:
            self.new_sheet()

    def new_sheet(self) -> None:
        """Go on at the top of the next page, below a head that says whose page it is."""
        self.sheet = self.document.add_sheet()
        baseline = self._top - 8
        seller = wrap(self.view.seller.name, width=self.width / 2, size=SMALL)[0]
        self.sheet.text(seller, x=LEFT, y=baseline, size=SMALL, colour=GREY)
        self.sheet.text(self.view.title, x=self.right, y=baseline, size=SMALL, colour=GREY, align="right")
        self.sheet.rule(x=LEFT, y=self._top - 14, width=self.width, colour=HAIRLINE)
        self.y = self._top - _RUNNING_HEAD

    def draw_footers(self) -> None:
        """Close every page with the seller's line and the page's number."""
        lines = wrap(self.view.footer, width=self.width - _PAGE_NUMBER_WIDTH, size=SMALL)[:_FOOTER_LINES]
        count = len(self.document.sheets)
        for number, sheet in enumerate(self.document.sheets, start=1):
            sheet.rule(x=LEFT, y=_FOOTER_Y, width=self.width, colour=HAIRLINE)
            for place, line in enumerate(lines):
                sheet.text(line, x=LEFT, y=_FOOTER_Y - 13 - place * 10, size=SMALL, colour=GREY)
            page = self.view.words.page.format(number=number, count=count)
            sheet.text(page, x=self.right, y=_FOOTER_Y - 13, size=SMALL, colour=GREY, align="right")

    def to_bytes(self) -> bytes:
        """The finished file."""
        view = self.view
        return self.document.to_bytes(
            title=view.title,
            author=view.seller.name,
            subject=view.words.document_for.format(title=view.title, name=view.buyer.name),
            language=view.language,
            created=view.created,
        )
