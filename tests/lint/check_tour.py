#!/usr/bin/env python3
"""docs/tour.svg is what scripts/record-tour.py would record: whole, small, and with every command that is typed there."""

import importlib.util
import pathlib
import re
import sys
import xml.etree.ElementTree as xml

LIMIT = 200_000  # bytes: it is on the first page
ROOT = pathlib.Path(__file__).parents[2]


def tour():
    sys.path.insert(0, str(ROOT / "scripts"))
    spec = importlib.util.spec_from_file_location("record_tour", ROOT / "scripts" / "record-tour.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return [text for text, _ in module.TOUR if text not in ("q", "C-l")]


def errors(svg, commands):
    if len(svg) > LIMIT:
        yield f"{len(svg)} bytes, at most {LIMIT}"
    try:
        texts = [node.text or "" for node in xml.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
    except xml.ParseError as error:
        yield str(error)
        return
    for command in commands:
        # Gaps end a piece of text.
        piece = re.split(r"\s{2,}", command)[0]
        if not any(text.endswith(f"$ {piece}") for text in texts):
            yield f"'{piece}' is not typed in it: record it anew with scripts/record-tour.py"


def main():
    found = list(errors((ROOT / "docs" / "tour.svg").read_bytes(), tour()))
    for error in found:
        print(f"error: docs/tour.svg: {error}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
