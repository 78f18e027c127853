#!/usr/bin/env python3
"""Promises of docs/reliability.md: every row of its tables names, in its last column, tests that are there.

check_proofs.py [ROOT]: prints what is missing, one a line; exit code 1 when something is.
"""

import pathlib
import re
import sys

CASE = re.compile(r'\bTEST_CASE\(\s*((?:"(?:[^"\\]|\\.)*"\s*)+)')
PROGRAM = re.compile(r"^add_test\(NAME (\w+)", re.MULTILINE)  # a test that is a program of its own
NODE_TEST = re.compile(r"^test\('((?:[^'\\]|\\.)*)'", re.MULTILINE)


def test_names(root):
    """The names of all test cases under tests/, adjacent string literals joined."""
    for file in (root / "tests").rglob("*"):
        if file.suffix == ".cpp":
            for literals in CASE.findall(file.read_text()):
                yield "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', literals)).replace('\\"', '"')
        elif file.name == "CMakeLists.txt":
            yield from PROGRAM.findall(file.read_text())
        elif file.suffix == ".js":
            yield from (name.replace("\\'", "'") for name in NODE_TEST.findall(file.read_text()))


def rows(text):
    """-> (line number, cells) of each row of a table, without heads and rules."""
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        is_head = number < len(lines) and re.match(r"^\|[-| :]+\|$", lines[number])
        if line.startswith("|") and not is_head and not re.match(r"^\|[-| :]+\|$", line):
            yield number, [cell.strip() for cell in line.strip().strip("|").split("|")]


def missing(page, names):
    """-> (number of proofs, errors) of the page's text."""
    proofs, errors = 0, []
    for number, cells in rows(page):
        spans = re.findall(r"`([^`]+)`", cells[-1])
        proofs += len(spans)
        if not spans:
            errors.append(f"{number}: no test for '{cells[0]}'")
        errors += [f"{number}: cannot find the test '{span}'" for span in spans if span not in names]
    return proofs, errors


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2])
    name = "docs/reliability.md"
    proofs, errors = missing((root / name).read_text(), set(test_names(root)))
    for error in errors:
        print(f"error: {name}:{error}", file=sys.stderr)
    print(f"{proofs} proofs, {len(errors)} missing")
    return 1 if errors or not proofs else 0


if __name__ == "__main__":
    sys.exit(main())
