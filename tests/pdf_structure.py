"""Reading a tagged PDF as an assistive program does: structure, content and fonts."""

from io import BytesIO

import pypdf
from pypdf.generic import ArrayObject, ContentStream, DictionaryObject, IndirectObject


class Structure:
    """A PDF's structure tree, and what each page draws."""

    def __init__(self, file):
        self.reader = pypdf.PdfReader(BytesIO(file))
        self.catalog = self.reader.trailer["/Root"]
        self.root = self.catalog["/StructTreeRoot"]
        self.elements = list(self._walk(self.root["/K"]))

    def _walk(self, kid):
        kid = kid.get_object() if isinstance(kid, IndirectObject) else kid
        if isinstance(kid, ArrayObject):
            for one in kid:
                yield from self._walk(one)
        elif isinstance(kid, DictionaryObject) and "/S" in kid:
            yield kid
            yield from self._walk(kid.get("/K", ArrayObject()))

    def of(self, *kinds):
        """The elements of these kinds, in the order in which they are read."""
        return [one for one in self.elements if one["/S"].lstrip("/") in kinds]

    def text(self):
        """Everything that can be read on any page, on one line."""
        return " ".join(" ".join(page.extract_text().split()) for page in self.reader.pages)

    def marked(self):
        """(page, MCID) of all content that an element of the tree has."""
        pages = {page.indirect_reference.idnum: n for n, page in enumerate(self.reader.pages)}
        return {
            (pages[one.raw_get("/Pg").idnum], int(kid))
            for one in self.elements
            for kid in one.get("/K", ())
            if isinstance(kid, int)
        }

    def mapped(self):
        """(page, MCID) of all content that the tree of parents gives an element."""
        numbers = self.root["/ParentTree"]["/Nums"]
        pages = zip(numbers[::2], numbers[1::2], strict=True)
        return {
            (int(page), n)
            for page, kids in pages
            for n, kid in enumerate(kids)
            if isinstance(kid.get_object(), DictionaryObject)
        }

    def drawn(self):
        """(page, MCID, None for an artifact, "" for neither) of all that draws or writes."""
        for number, page in enumerate(self.reader.pages):
            inside = []
            for operands, operator in ContentStream(page.get_contents(), self.reader).operations:
                if operator in (b"BMC", b"BDC"):
                    artifact = operands[0] == "/Artifact"
                    inside.append(None if artifact else int(operands[1]["/MCID"]))
                elif operator == b"EMC":
                    inside.pop()
                elif operator in (b"Tj", b"TJ", b"S", b"f", b"f*", b"B", b"Do", b"sh"):
                    yield number, inside[-1] if inside else ""

    def fonts(self):
        """The descriptors of all fonts of all pages."""
        for page in self.reader.pages:
            for font in page["/Resources"]["/Font"].values():
                (descendant,) = font.get_object()["/DescendantFonts"]
                yield descendant.get_object()["/FontDescriptor"]
