"""Debian packages without root: the archive's own servers and browser, unpacked under ``var``.

apt fetches the packages and checks their signatures; dpkg-deb unpacks them; neither touches the
system. What the machine already has is left aside, so every machine runs the same programs.
"""

import os
import shutil
import tempfile
from pathlib import Path
from xml.sax.saxutils import escape

from . import stamps
from .commands import SetUpError, quietly, say
from .paths import DEBIAN, shown

TEST_PACKAGES = (
    "chromium-headless-shell",
    "fonts-liberation2",
    "libfaketime",
    "postgresql",
    "redis-server",
)
PIP_PACKAGES = ("python3-pip-whl",)
# What reports are made into PDF with: the portal's own renderer loads these libraries.
PDF_PACKAGES = (
    "fonts-dejavu-core",
    "libharfbuzz-subset0",
    "libpango-1.0-0",
    "libpangoft2-1.0-0",
)
# Looks through uploaded files, in the demonstration as in the tests.
SCANNER_PACKAGES = ("clamav-daemon",)
TESTS = DEBIAN / "tests"
SCANNER = DEBIAN / "scanner"
PDF = DEBIAN / "pdf"
BIN = DEBIAN / "bin"

# Programs are found through wrappers, so no caller needs to know the library folders.
SCANNER_PROGRAMS = {"clamd": "usr/sbin/clamd"}
TEST_PROGRAMS = {
    "chromium": "usr/lib/chromium/chromium-headless-shell",
    "redis-server": "usr/bin/redis-server",
    "redis-cli": "usr/bin/redis-cli",
    "psql": "usr/lib/postgresql/*/bin/psql",
    "pg_dump": "usr/lib/postgresql/*/bin/pg_dump",
    "pg_restore": "usr/lib/postgresql/*/bin/pg_restore",
}
WRAPPER = """\
#!/bin/sh
top=$(dirname "$(dirname "$(readlink -f "$0")")")
export LD_LIBRARY_PATH="{libraries}"
export FONTCONFIG_FILE="$top/fonts.conf"
exec "$top/{program}" "$@"
"""
FONTS = """\
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>{share}/fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
  <include>{share}/fontconfig/conf.avail/30-metric-aliases.conf</include>
  <include>{share}/fontconfig/conf.avail/45-latin.conf</include>
  <include>{share}/fontconfig/conf.avail/60-latin.conf</include>
</fontconfig>
"""


def bring_test_programs():
    """PostgreSQL, Redis and Chromium stand under ``var/debian``, with wrappers in its ``bin``."""
    _bring(TEST_PACKAGES, TESTS, "PostgreSQL, Redis and Chromium (Debian packages, about 20 s)")
    _wrap(TEST_PROGRAMS, TESTS)


def bring_scanner():
    """ClamAV's daemon stands under ``var/debian``, with a wrapper in its ``bin``."""
    _bring(SCANNER_PACKAGES, SCANNER, "ClamAV (Debian package, about 10 s)")
    _wrap(SCANNER_PROGRAMS, SCANNER)


def _wrap(programs, tree):
    fonts = FONTS.format(share=escape(str(TESTS / "usr" / "share")))
    stamp = DEBIAN / f"{tree.name}-wrappers.stamp"
    parts = (WRAPPER, fonts, repr((programs, TEST_PACKAGES, SCANNER_PACKAGES)))
    if stamps.is_current(stamp, *parts):
        return
    BIN.mkdir(exist_ok=True)
    (DEBIAN / "fonts.conf").write_text(fonts)
    folders = [folder.relative_to(DEBIAN) for folder in library_folders(tree)]
    libraries = ":".join(f"$top/{folder}" for folder in folders)
    for name, pattern in programs.items():
        program = find(pattern, tree).relative_to(DEBIAN)
        wrapper = BIN / name
        wrapper.write_text(WRAPPER.format(libraries=libraries, program=program))
        wrapper.chmod(0o755)
    stamps.record(stamp, *parts)


def bring_pdf_libraries():
    """Pango and a font stand under ``var/debian/pdf``, where the renderer of PDFs finds them."""
    _bring(PDF_PACKAGES, PDF, "Pango (Debian packages, about 5 s)")


def bring_pip():
    """The pip wheel, for a Python whose Debian package leaves pip and ensurepip out."""
    target = DEBIAN / "pip"
    _bring(PIP_PACKAGES, target, "pip (Debian package, about 5 s)")
    return next(target.glob("usr/share/python-wheels/pip-*.whl"))


def find(pattern, tree=TESTS):
    """One file of the unpacked programs."""
    found = sorted(tree.glob(pattern))
    if not found:
        raise SetUpError(
            f"{pattern} is not among the Debian packages.\n"
            f"  What to do: remove {shown(tree)} and run the command again."
        )
    return found[-1]


def library_folders(tree=TESTS):
    """Where the unpacked programs' shared libraries are."""
    folders = [*tree.glob("usr/lib/*-linux-gnu*"), *tree.glob("lib/*-linux-gnu*")]
    # libpulse finds its other half by an absolute path, which unpacking made untrue.
    return [*folders, *tree.glob("usr/lib/*-linux-gnu*/pulseaudio")]


def _bring(packages, target, label):
    stamp = target.with_suffix(".stamp")
    if target.is_dir() and stamps.is_current(stamp, repr(packages)):
        return
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise SetUpError(
                f"{tool} is missing: it brings {', '.join(packages)}.\n"
                "  What to do: run this on Debian 12 or newer."
            )
    say(f"Fetching {label}…")
    DEBIAN.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(target, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=DEBIAN, prefix="apt-") as work:
        unpacked = Path(work) / "unpacked"
        _unpack(_fetch(packages, Path(work)), unpacked)
        unpacked.rename(target)
    stamps.record(stamp, repr(packages))


def _fetch(packages, work):
    """Download the packages and all they need; return the files."""
    for folder in ("state/lists/partial", "cache/archives/partial"):
        (work / folder).mkdir(parents=True)
    base = _base_system()
    (work / "status").write_text("\n\n".join(base.values()) + "\n")
    options = [
        f"Dir::State={work}/state",
        f"Dir::State::status={work}/status",
        f"Dir::Cache={work}/cache",
        "Debug::NoLocking=1",
        # As root, apt would hand the download to a user who cannot reach this folder.
        "APT::Sandbox::User=root",
    ]
    apt = ["apt-get", "--quiet", *(word for option in options for word in ("-o", option))]
    remedy = (
        f"these packages are needed: {', '.join(packages)}. Check that this machine's apt sources "
        "(/etc/apt) reach a Debian 12 or newer archive with main and security; "
        "`apt-get update` as root shows what they answer."
    )
    quietly([*apt, "update"], log="apt-update", remedy=remedy)
    quietly(
        [*apt, "install", "--yes", "--download-only", "--no-install-recommends", *packages],
        log="apt-download",
        remedy=remedy,
    )
    archives = sorted((work / "cache" / "archives").glob("*.deb"))
    return [file for file in archives if file.name.split("_")[0] not in base]


def _unpack(archives, target):
    """Extract the packages, as many at once as there are cores."""
    target.mkdir()
    names = target.with_name("archives")
    names.write_text("\0".join(str(archive) for archive in archives))
    each = ["dpkg-deb", "--extract", "{}", target]
    quietly(
        ["xargs", "--null", f"--arg-file={names}", f"--max-procs={os.cpu_count()}", "-I{}", *each],
        log="dpkg",
        remedy="remove var/debian and run the command again; it needs about 1 GB of disk.",
    )


def _base_system():
    """apt's record of this machine, cut down to what every Debian machine has.

    apt then fetches the same packages everywhere, whatever else is installed. The C library
    stays the machine's own: programs cannot run with half of another one.
    """
    kept = ("Package", "Status", "Architecture", "Multi-Arch", "Version", "Provides")
    base = {}
    for stanza in Path("/var/lib/dpkg/status").read_text().split("\n\n"):
        lines = (line.split(": ", 1) for line in stanza.splitlines() if not line.startswith(" "))
        fields = dict(pair for pair in lines if len(pair) == 2)
        everywhere = fields.get("Essential") == "yes" or fields.get("Priority") == "required"
        if fields.get("Status") == "install ok installed" and (
            everywhere or fields["Package"] == "libc6"
        ):
            text = [f"{key}: {fields[key]}" for key in kept if key in fields]
            base[fields["Package"]] = "\n".join([*text, "Maintainer: base", "Description: base"])
    return base
