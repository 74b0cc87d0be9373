"""Lines of the tables: words and where they stand, and how to complain."""

import difflib
import re


class TableError(Exception):
    """What is wrong with a table, and in which line of it."""


class Row:
    """One line that is no comment. `indent` tells blocks from their rows."""

    def __init__(self, path, line, text):
        self.path, self.line, self.text = path, line, text
        self.words = text.split()
        self.indent = len(text) - len(text.lstrip("\t"))

    def error(self, message):
        return TableError(f"{self.path}:{self.line}: {message}")

    def want(self, least, most=None):
        """The words, once there are as many as there must be."""
        most = least if most is None else most
        if not least <= len(self.words) <= most:
            raise self.error(f"{len(self.words)} words where {least} "
                             f"to {most} are wanted")
        return self.words

    def number(self, word, most=2**64 - 1, least=0):
        try:
            value = int(word, 0)
        except ValueError:
            raise self.error(f"'{word}' is no number") from None
        if not least <= value <= most:
            raise self.error(f"{word} is not in {least}..{most}")
        return value

    def one_of(self, word, choices):
        if word not in choices:
            close = difflib.get_close_matches(word, list(choices), 3) or choices
            some = ", ".join(list(close)[:12])
            raise self.error(f"'{word}' is not known; {some} would be")
        return choices[word] if isinstance(choices, dict) else word

    def name(self, word, pattern=r"[A-Za-z_][A-Za-z0-9_]*"):
        if not re.fullmatch(pattern, word):
            raise self.error(f"'{word}' is not spelt as a name")
        return word

    def release(self, word):
        """A kernel release "5.6" as a pair; "0" is (0, 0)."""
        match = re.fullmatch(r"0|(\d{1,3})\.(\d{1,3})", word)
        if not match:
            raise self.error(f"'{word}' is no release such as 5.6")
        pair = (int(match[1] or 0), int(match[2] or 0))
        if max(pair) > 255:
            raise self.error(f"release {word} is past 255.255")
        return pair


def read(path):
    """The rows of a table. A backslash at the end joins the next line."""
    rows, held, start = [], "", 0
    text = path.read_text(encoding="utf-8")
    for number, line in enumerate(text.split("\n"), 1):
        line = re.sub(r"(^|\s)#.*", "", line).rstrip()
        start = start or number
        if line.endswith("\\"):
            held += line[:-1] + " "
            continue
        if (held + line).strip():
            rows.append(Row(path, start, held + line))
        held, start = "", 0
    if held:
        raise TableError(f"{path}:{start}: the file ends in a backslash")
    return rows


def unique(row, table, key, what):
    """Complain of a second row for `key` in `table`."""
    if key in table:
        raise row.error(f"{what} '{key}' stands here twice")
