"""What a case of the soundness suite is; cases.py says what its fields mean."""

import collections

Case = collections.namedtuple(
    "Case", "name source wants or_gap bare language flags library without",
    defaults=(False, True, "c", (), None, ()))
