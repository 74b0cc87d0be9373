"""The command line as rows, from `callgate --dump-cli`.

A row is VERB<TAB>OPTION<TAB>ARGUMENT<TAB>ABOUT. A row without an option is
about the verb, and its argument is what the verb takes besides options; a row
without a verb is an option of the command itself.
"""

import dataclasses
import re

OPTION = re.compile(r"--?[A-Za-z0-9?][A-Za-z0-9-]*")


class BadRows(Exception):
    pass


@dataclasses.dataclass
class Option:
    spellings: list  # ["-p", "--policy"]
    argument: str    # "FILE"; "" for none
    about: str

    @property
    def optional(self):
        return self.argument.startswith("[")

    @property
    def words(self):
        """The values, where the argument is a choice such as a|b|c."""
        inner = self.argument.strip("[]{}()=")
        parts = re.split(r"[|,]", inner)
        return parts if len(parts) > 1 and all(
            re.fullmatch(r"[a-z0-9][\w.+-]*", part) for part in parts) else []

    @property
    def kind(self):
        """words, file, directory, command, none, or other."""
        if not self.argument:
            return "none"
        if self.words:
            return "words"
        return kind_of(self.argument)


@dataclasses.dataclass
class Verb:
    name: str
    argument: str
    about: str
    options: list

    @property
    def kind(self):
        return kind_of(self.argument)


def kind_of(argument):
    for word, kind in (("COMMAND", "command"), ("DIR", "directory"),
                       ("FILE", "file"), ("PATH", "file"), ("POLICY", "file"),
                       ("FILTER", "file")):
        if word in argument:
            return kind
    return "other" if argument else "none"


def parse(text):
    """(verbs in their order, options of the command itself)."""
    verbs, options = {}, []
    for number, line in enumerate(text.splitlines(), 1):
        cells = line.split("\t")
        if len(cells) != 4:
            raise BadRows(f"row {number}: {len(cells)} cells instead of verb, "
                          "option, argument, about")
        verb, option, argument, about = cells
        if not option:
            if not verb or verb in verbs:
                raise BadRows(f"row {number}: a second or empty verb {verb!r}")
            verbs[verb] = Verb(verb, argument, about, [])
            continue
        spellings = OPTION.findall(option)
        if not spellings:
            raise BadRows(f"row {number}: {option!r} is no option")
        if verb and verb not in verbs:
            raise BadRows(f"row {number}: option of {verb} before its verb")
        (verbs[verb].options if verb else options).append(
            Option(spellings, argument, about))
    if not verbs:
        raise BadRows("no verb at all")
    return list(verbs.values()), options
