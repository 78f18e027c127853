#!/usr/bin/env python3
"""Links between the pages: every relative link of a Markdown file leads to a file that is there, and its anchor to a
heading of that file. Paths of this repository in code spans (`docs/cluster.md`) count as links, too.

check_links.py [ROOT]: prints what is broken, one a line; exit code 1 when something is.
"""

import pathlib
import re
import subprocess
import sys
import urllib.parse

FENCE = re.compile(r"^ {0,3}(```+|~~~+)")
LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
REFERENCE = re.compile(r"^ {0,3}\[[^\]]+\]:\s+(\S+)")
HTML = re.compile(r"<(?:a|img)\b[^>]*?\b(?:href|src)=\"([^\"]+)\"")
SPAN = re.compile(r"`([^`]+)`")
# A path of the repository with a file name that has an ending; globs and words such as `core/balance` are none.
PATH = re.compile(r"^(?:[\w.-]+/)*[\w.-]+\.(?:md|json|sh|py|js|yaml|yml|cpp|h|svg|glsl|txt)(?:#[\w-]+)?$")


def prose(text):
    """The lines outside of code blocks, with their numbers."""
    fence = None
    for number, line in enumerate(text.splitlines(), 1):
        mark = FENCE.match(line)
        if fence:
            if mark and mark[1].startswith(fence):
                fence = None
        elif mark:
            fence = mark[1]
        elif not line.startswith("    "):
            yield number, line


def anchors(text):
    """The anchors of the headings, made as GitHub makes them."""
    found = {}
    for _, line in prose(text):
        if heading := re.match(r"^#{1,6}\s+(.*?)\s*#*$", line):
            words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1]).replace("`", "").lower()
            slug = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
            found[slug] = found.get(slug, -1) + 1
            yield slug if found[slug] == 0 else f"{slug}-{found[slug]}"
        yield from re.findall(r"<a (?:id|name)=\"([^\"]+)\"", line)


def targets(line, folders):
    """What the line refers to; of code spans only what is meant as a path of this repository."""
    without_code = SPAN.sub("", line)
    for pattern in (LINK, REFERENCE, HTML):
        for target in pattern.findall(without_code):
            yield target, False
    for target in LINK.findall(line):
        if "`" in line and target not in LINK.findall(without_code):
            yield target, False
    for span in SPAN.findall(line):
        first = span.split("/")[0]
        if PATH.match(span) and ((first in folders and "/" in span) or re.fullmatch(r"[A-Z]+\.md", span)):
            yield span, True


def broken(root, pages):
    """-> 'page:line: …' for each reference that leads nowhere. `pages`: Markdown files, relative to `root`."""
    root = pathlib.Path(root).resolve()
    folders = {path.name for path in root.iterdir() if path.is_dir()} - {"build"}
    for page in pages:
        for number, line in prose((root / page).read_text()):
            for target, is_from_root in targets(line, folders):
                if re.match(r"^[a-z][a-z0-9+.-]*:", target):
                    continue
                path, _, anchor = urllib.parse.unquote(target).partition("#")
                file = (root / page if not path else (root if is_from_root else (root / page).parent) / path).resolve()
                if not file.is_relative_to(root) or not file.exists():
                    yield f"{page}:{number}: cannot find '{target}'"
                elif anchor and file.suffix == ".md" and anchor not in set(anchors(file.read_text())):
                    yield f"{page}:{number}: cannot find the heading '#{anchor}' in '{file.relative_to(root)}'"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2])
    listed = subprocess.run(["git", "-C", root, "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
                            capture_output=True, text=True)
    # An archive of the sources has no git.
    pages = sorted(set(listed.stdout.split())) if listed.returncode == 0 else [
        str(path.relative_to(root)) for path in root.rglob("*.md") if path.relative_to(root).parts[0] != "build"]
    pages = [page for page in pages if (root / page).exists()]
    errors = list(broken(root, pages))
    for error in errors:
        print(f"error: {error}", file=sys.stderr)
    print(f"{len(pages)} pages, {len(errors)} broken references")
    return 1 if errors or not pages else 0


if __name__ == "__main__":
    sys.exit(main())
