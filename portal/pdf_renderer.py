"""HTML in, tagged PDF out: a program of its own, which the portal runs and never imports.

It reads one JSON object from standard input: ``html``, ``css``, ``identifier``, and ``fonts``,
which gives the file of each font that the style sheet asks for as ``font:name``. The PDF is on
standard output, the same bytes for the same input and programs. Nothing else is fetched, and
time and memory are limited. With ``--check`` it only loads the libraries that it needs.
"""

import ctypes
import json
import os
import resource
import sys
import tempfile
import unicodedata
from pathlib import Path

SECONDS, MEMORY = 45, 1536 * 1024**2
LIBRARIES = (
    *("libgobject-2.0.so.0", "libpango-1.0.so.0", "libharfbuzz.so.0"),
    *("libharfbuzz-subset.so.0", "libfontconfig.so.1", "libpangoft2-1.0.so.0"),
)
# It names no folder: no font of the machine is ever used.
FONTCONFIG = '<?xml version="1.0"?><fontconfig><cachedir>{}</cachedir></fontconfig>'
SPACES = "\t\n\r"
# Characters that are seen only by what they do to others, such as turning the text around.
UNSEEN = ("Cc", "Cf", "Co", "Cs", "Cn")


def main():
    if "--check" in sys.argv:
        for name in LIBRARIES:
            ctypes.CDLL(name)
        return
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "fonts.conf"
        config.write_text(FONTCONFIG.format(folder))
        os.environ["FONTCONFIG_FILE"] = str(config)
        tempfile.tempdir = folder
        sys.stdout.buffer.write(render(**json.load(sys.stdin)))


def render(*, html, css, identifier, fonts):
    """The page as a PDF that says of itself that it is PDF/UA-1."""
    # Pango reads the folder of fonts, and the limits hold, only from here on.
    from weasyprint import CSS, HTML
    from weasyprint.text.fonts import FontConfiguration
    from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

    files = {f"font:{name}": Path(file).read_bytes() for name, file in fonts.items()}

    class OwnFonts(URLFetcher):
        def fetch(self, url, headers=None):
            if url not in files:
                raise FatalURLFetchingError("Only the page's own fonts are fetched.")
            return URLFetcherResponse(url, files[url])

    fetcher, configuration = OwnFonts(), FontConfiguration()
    return HTML(string=written(html, files.values()), url_fetcher=fetcher).write_pdf(
        stylesheets=[CSS(string=css, url_fetcher=fetcher, font_config=configuration)],
        font_config=configuration,
        pdf_variant="pdf/ua-1",
        pdf_identifier=identifier,
        finisher=finish,
    )


def written(text, fonts):
    """The text with the number of each character that no font has or that nobody would see."""
    known = letters(fonts)
    return "".join(
        char
        if char in SPACES or (ord(char) in known and unicodedata.category(char) not in UNSEEN)
        else f"[U+{ord(char):04X}]"
        for char in text
    )


def letters(fonts):
    """The numbers of all characters that one of the fonts has."""
    import io

    from fontTools.ttLib import TTFont

    return {number for font in fonts for number in TTFont(io.BytesIO(font)).getBestCmap()}


def finish(document, pdf):
    """Header cells say what they head, and what stands in the margins is no part of the text."""
    root = _object(pdf, pdf.catalog["StructTreeRoot"])
    reached = set()
    for kid in root["K"]:
        _walk(pdf, kid, reached, in_head=False)
    numbers = iter(_object(pdf, root["ParentTree"])["Nums"])
    pages = dict(zip(numbers, numbers, strict=True))
    for page, reference in enumerate(pdf.page_references):
        outside = [n for n, kid in enumerate(pages[page]) if kid not in reached]
        stream = _object(pdf, _object(pdf, reference)["Contents"]).stream
        for n in outside:
            pages[page][n] = "null"
        for place, part in enumerate(stream):
            if isinstance(part, dict) and part.get("MCID") in outside:
                stream[place - 1 : place + 1] = ["/Artifact", type(part)({"Type": "/Pagination"})]


def _walk(pdf, reference, reached, *, in_head):
    reached.add(reference)
    element = _object(pdf, reference)
    if element["S"] == "/TH":
        element["A"]["Scope"] = "/Column" if in_head else "/Row"
    for kid in element.get("K", ()):
        if isinstance(kid, bytes):
            _walk(pdf, kid, reached, in_head=in_head or element["S"] == "/THead")


def _object(pdf, reference):
    return pdf.objects[int(reference.split()[0])]


if __name__ == "__main__":
    main()
