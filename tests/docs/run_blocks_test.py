#!/usr/bin/env python3
"""run_blocks.py fails when a page is wrong."""

import collections
import pathlib
import tempfile
import unittest
import unittest.mock

from markdown_blocks import PageError, blocks
from output_shape import fits
from run_blocks import Failure, run_page


def fenced(language, text, before=""):
    return f"{before}\n```{language}\n{text}\n```\n"


def run(text):
    with tempfile.NamedTemporaryFile("w", suffix=".md") as page:
        page.write(text)
        page.flush()
        return run_page(page.name, "/nonexistent")


class Pages(unittest.TestCase):
    def refused(self, text, words):
        with self.assertRaises(PageError) as error:
            blocks(text)
        self.assertIn(words, str(error.exception))

    def test_what_is_wrong_is_named_with_its_line(self):
        self.refused("a\n```sh\ntrue\n", "3: the block has no end")
        self.refused(fenced("bash", "true"), "'bash' is neither run nor shown")
        self.refused(fenced("", "true"), "'' is neither run nor shown")
        self.refused(fenced("js", "let a"), "does not say which file")

    def test_only_listed_reasons_that_hold_leave_a_block_out(self):
        mark = "<!-- not run: {} -->"
        self.assertEqual(blocks(fenced("sh", "sudo ls", mark.format("needs root")))[0].reason, "needs root")
        self.refused(fenced("sh", "sudo ls", mark.format("too slow")), "'too slow' is no reason")
        self.refused(fenced("sh", "ls", mark.format("needs root")), "nothing in the block needs root")
        self.refused(f"{mark.format('needs root')}\nwords\n" + fenced("sh", "sudo ls"), "the comment above stands before no block")

    def test_a_reason_concerns_the_next_block_only(self):
        text = fenced("sh", "sudo ls", "<!-- not run: needs root -->") + fenced("sh", "ls")
        self.assertEqual([block.reason for block in blocks(text)], ["needs root", ""])


class Shapes(unittest.TestCase):
    def test_numbers_units_widths_and_colours_do_not_count(self):
        self.assertTrue(fits(["│ 0  │ app  │ 2s  │ 41.5mb │ ann │"], "│ 12 │ \x1b[1mapp\x1b[0m │ 10m │ 9mb │ bob │\n", "bob"))
        self.assertTrue(fits(["┌────┬──┐"], "┌──┬────────┐\n"))
        self.assertTrue(fits(["a", "…", "z"], "a\nb\nc\nz\n"))
        self.assertTrue(fits(["pid … of app"], "pid 17 and more of app\n"))

    def test_words_lines_and_their_order_count(self):
        self.assertFalse(fits(["│ app │ online │"], "│ app │ errored │\n"))
        self.assertFalse(fits(["a"], "a\nb\n"))
        self.assertFalse(fits(["a", "b"], "a\n"))
        self.assertFalse(fits(["a", "b"], "b\na\n"))
        self.assertFalse(fits(["a", "…", "z"], "a\nb\n"))
        self.assertFalse(fits(["app1"], "api1\n"))


class Runs(unittest.TestCase):
    def failure(self, text):
        with self.assertRaises(Failure) as error:
            run(text)
        return str(error.exception)

    def test_blocks_run_in_order_in_one_shell(self):
        text = (fenced("sh", "mkdir a\ncd a\nexport B='two words'") + fenced("js", "// app.js\n3000")
                + fenced("console", "$ basename $PWD\na\n$ echo $B; cat ../app.js\ntwo words\n// app.js\n3000")
                + fenced("sh", "sudo false", "<!-- not run: needs root -->"))
        self.assertEqual(run(text), (2, collections.Counter({"needs root": 1})))

    def test_what_comes_first_is_run_and_may_fail(self):
        text = fenced("console", "$ cat there\nyes", "<!-- first: echo yes >there -->")
        self.assertEqual(run(text)[0], 1)
        self.assertIn("ended with 1", self.failure(fenced("sh", "true", "<!-- first: false -->")))

    def test_an_exit_code_other_than_0_fails(self):
        self.assertIn("ended with 3", self.failure(fenced("sh", "exit 3")))
        self.assertIn("ended with 1", self.failure(fenced("sh", "false\ntrue")))
        self.assertIn("ended with 127", self.failure(fenced("console", "$ no-such-command")))

    def test_another_output_fails(self):
        self.assertIn("the page shows:\none", self.failure(fenced("console", "$ echo two\none")))
        self.assertIn("printed:\none", self.failure(fenced("console", "$ echo one")))

    def test_a_process_that_is_left_fails(self):
        with unittest.mock.patch("run_blocks.PATIENCE", 0.1):
            self.assertIn("1 processes are left", self.failure(fenced("sh", "sleep 600 >/dev/null 2>&1 &")))


if __name__ == "__main__":
    unittest.main()
