#!/usr/bin/env python3
"""The checks of the pages find what they are for."""

import pathlib
import tempfile
import unittest

import check_links
import check_proofs
import check_tour


class Links(unittest.TestCase):
    def errors(self, text):
        with tempfile.TemporaryDirectory() as root:
            root = pathlib.Path(root)
            (root / "docs").mkdir()
            (root / "docs" / "other.md").write_text("# The `kpm` page, *twice*\n\n## Twice\n\n## Twice\n")
            (root / "docs" / "page.md").write_text(text)
            (root / "README.md").write_text("# kpm\n")
            return [error.split(":", 2)[2].strip() for error in check_links.broken(root, ["docs/page.md"])]

    def test_what_is_there_is_no_error(self):
        self.assertEqual(self.errors(
            "[a](other.md), [b](other.md#twice-1) [c](../README.md) [`d`](#here) `docs/other.md` `README.md`\n"
            "# Here\n[e](https://example.org/x.md) `core/balance` `docs/*.md` [f](other.md#the-kpm-page-twice)\n"
            "```sh\n[g](nowhere.md)\n```\n"), [])

    def test_files_that_are_missing(self):
        self.assertEqual(self.errors("[a](nowhere.md)"), ["cannot find 'nowhere.md'"])
        self.assertEqual(self.errors("[`a`](nowhere.md)"), ["cannot find 'nowhere.md'"])
        self.assertEqual(self.errors("![a](tour.svg)"), ["cannot find 'tour.svg'"])
        self.assertEqual(self.errors('<img src="tour.svg">'), ["cannot find 'tour.svg'"])
        self.assertEqual(self.errors("see `docs/nowhere.md`"), ["cannot find 'docs/nowhere.md'"])
        self.assertEqual(self.errors("see `NOTES.md`"), ["cannot find 'NOTES.md'"])
        self.assertEqual(self.errors("[a]: nowhere.md"), ["cannot find 'nowhere.md'"])
        self.assertEqual(self.errors("[a](../../page.md)"), ["cannot find '../../page.md'"])

    def test_headings_that_are_missing(self):
        self.assertEqual(self.errors("[a](#there)\n# Here"), ["cannot find the heading '#there' in 'docs/page.md'"])
        self.assertEqual(self.errors("[a](other.md#twice-2)"),
                         ["cannot find the heading '#twice-2' in 'docs/other.md'"])
        self.assertEqual(self.errors("```\n# There\n```\n[a](#there)"),
                         ["cannot find the heading '#there' in 'docs/page.md'"])


class Proofs(unittest.TestCase):
    NAMES = {"survival: it lives", "disk: it is full"}

    def test_rows_and_their_tests(self):
        table = "| What | Proved by |\n|---|---|\n| kpmd | `survival: it lives`, `disk: it is full` |\n"
        self.assertEqual(check_proofs.missing(table, self.NAMES), (2, []))
        self.assertEqual(check_proofs.missing(table + "| keeper | |\n", self.NAMES),
                         (2, ["4: no test for 'keeper'"]))
        self.assertEqual(check_proofs.missing(table.replace("lives", "died"), self.NAMES),
                         (2, ["3: cannot find the test 'survival: it died'"]))

    def test_names_are_those_of_the_sources(self):
        with tempfile.TemporaryDirectory() as root:
            (pathlib.Path(root) / "tests").mkdir()
            (pathlib.Path(root) / "tests" / "a.cpp").write_text(
                'TEST_CASE("a: one", "[e2e]") {}\nTEST_CASE(\n    "a: two, "\n    "joined",\n    "[e2e]") {}\n')
            (pathlib.Path(root) / "tests" / "b.js").write_text("test('b: it\\'s one', () => {});\n")
            self.assertEqual(set(check_proofs.test_names(pathlib.Path(root))),
                             {"a: one", "a: two, joined", "b: it's one"})


class Tour(unittest.TestCase):
    SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><text>shop$ kpm list</text></svg>'

    def test_commands_size_and_form(self):
        self.assertEqual(list(check_tour.errors(self.SVG, ["kpm list    # why"])), [])
        self.assertIn("'kpm monit' is not typed", next(check_tour.errors(self.SVG, ["kpm monit"])))
        self.assertIn("no element found", next(check_tour.errors(self.SVG[:-6], [])))
        self.assertIn("at most", next(check_tour.errors(self.SVG + b" " * check_tour.LIMIT, [])))


if __name__ == "__main__":
    unittest.main()
