"""The fenced blocks of a Markdown page, and what the page says of them.

A block is run when it is ```sh or ```console. An HTML comment right before it takes it out of that, with a reason:

    <!-- not run: needs root -->

What a block takes for granted, and a reader has, stands before it as

    <!-- first: pm2 start app.js -->

A block of another language whose first line is a comment with a file name (`// app.js`, `# app.py`) is that file.
"""

import dataclasses
import re

# Each reason with what a block must have in it, so that nothing is left out without one that holds.
REASONS = {
    "needs the network": r"\b(git clone|npm|apt-get|kpm install|kpm deploy)\b",
    "needs root": r"\bsudo\b",
    "needs a container engine": r"\bdocker\b",
    "needs a cluster": r"\bkubectl\b",
    "builds everything": r"\bmake\b",
    "takes the whole screen": r"\bkpm (monit|dash)\b",
    "goes on until Ctrl-C": r"\bkpm (logs|attach)\b",
}
FILES = {"js", "json", "yaml", "python", "dockerfile"}
SHOWN = {"text"}
RUN = {"sh", "console"}


@dataclasses.dataclass
class Block:
    line: int          # of its first line inside the fence
    language: str
    text: str
    reason: str = ""   # why it is not run; empty: it is
    first: str = ""    # a command to run before it

    @property
    def file(self):
        """The name of the file that the block is, or None."""
        if self.language not in FILES:
            return None
        name = re.match(r"(?://|#) (\S+)$", self.text.split("\n", 1)[0])
        return name[1] if name else None


class PageError(Exception):
    """What the page says cannot be understood; the text has the line."""


def blocks(text):
    found, reason, first, inside = [], "", "", None
    for number, line in enumerate(text.splitlines(), 1):
        fence = re.match(r"^```(\S*)\s*$", line)
        if inside is not None:
            if fence and not fence[1]:
                found.append(inside)
                inside = None
            else:
                inside.text += line + "\n"
        elif fence:
            inside = Block(number + 1, fence[1], "", reason, first)
            reason = first = ""
        elif mark := re.match(r"^<!-- not run: (.*?) -->$", line):
            reason = mark[1]
        elif mark := re.match(r"^<!-- first: (.*?) -->$", line):
            first = mark[1]
        elif line.strip() and (reason or first):
            raise PageError(f"{number}: the comment above stands before no block")
    if inside is not None:
        raise PageError(f"{inside.line}: the block has no end")
    for block in found:
        check(block)
    return found


def check(block):
    if block.language not in FILES | SHOWN | RUN:
        raise PageError(f"{block.line}: a block of the language '{block.language}' is neither run nor shown")
    if block.language in FILES and not block.file:
        raise PageError(f"{block.line}: the first line does not say which file this is")
    if not block.reason:
        return
    if block.reason not in REASONS:
        raise PageError(f"{block.line}: '{block.reason}' is no reason not to run a block; expected one of: "
                        f"{', '.join(REASONS)}")
    if block.language not in RUN or not re.search(REASONS[block.reason], block.text):
        raise PageError(f"{block.line}: nothing in the block {block.reason}")


@dataclasses.dataclass
class Step:
    line: int
    command: str
    output: list | None  # lines that are to be shown; None: whatever comes


def steps(block):
    """What to run of a block: a sh block as a whole, a console block command by command."""
    if block.language == "sh":
        return [Step(block.line, block.text, None)]
    found = []
    for number, line in enumerate(block.text.splitlines(), block.line):
        if line.startswith("$ "):
            found.append(Step(number, line[2:], []))
        elif not found:
            raise PageError(f"{number}: a console block begins with '$ '")
        else:
            found[-1].output.append(line)
    return found
