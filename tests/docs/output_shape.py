"""Whether what a command prints looks as a page shows it.

Numbers with their units, the widths of columns and rules, and colours do not count. `…` on a line of its own stands for
any number of lines, within a line for any text. The page's user is called ann.
"""

import getpass
import re

USER = "ann"


def normal(line, user):
    line = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line)
    line = re.sub(rf"(?<![\w/.-]){re.escape(user)}(?![\w/.-])", USER, line)
    line = re.sub(r"─+", "─", line)
    line = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z?", "T", line)
    line = re.sub(r"(?<![A-Za-z])\d[\d.,]*(?:%|[smhD]\b|ms\b|[kmg]?b\b|/s\b)?", "N", line)
    return re.sub(r"\s+", " ", line).strip()


def pattern(lines, user):
    parts = []
    for line in lines:
        if line.strip() == "…":
            parts.append(r"(?:[^\n]*\n)*?")
        else:
            text = re.escape(normal(line, user)).replace("…", "[^\n]*?")
            parts.append(text + r"\n")
    return re.compile("".join(parts) + r"\Z")


def fits(expected, printed, user=None):
    """`expected`: the lines of the page; `printed`: what the command printed."""
    user = user or getpass.getuser()
    shown = "".join(normal(line, user) + "\n" for line in printed.splitlines())
    return bool(pattern(expected, user).match(shown))
