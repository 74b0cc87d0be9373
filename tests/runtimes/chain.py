"""Several filters, as the kernel asks them all, in one program."""

import struct

RET, JUMP = 0x06, 0x05
ACTION = 0xffff0000


def load(path):
    """Instructions as lists [code, jt, jf, k]."""
    data = path.read_bytes()
    return [list(row) for row in struct.iter_unpack("<HBBI", data)]


def severity(answer):
    """The kernel compares actions as signed numbers."""
    action = answer & ACTION
    return action - 2**32 if action >> 31 else action


def join(newer, older):
    """One behind the other: each answer of `newer` goes on with a copy of
    `older` in which no answer is milder."""
    out, copies, tail = [list(row) for row in newer], {}, []
    for row in newer:
        if row[0] == RET and row[3] not in copies:
            copies[row[3]] = len(newer) + len(tail)
            for inner in older:
                inner = list(inner)
                if inner[0] == RET and \
                        severity(inner[3]) >= severity(row[3]):
                    inner[3] = row[3]
                tail.append(inner)
    for at, row in enumerate(out):
        if row[0] == RET:
            out[at] = [JUMP, 0, 0, copies[row[3]] - at - 1]
    return out + tail


def write(path, programs):
    """`programs`, the one loaded last in front, as one raw program."""
    whole = programs[0]
    for program in programs[1:]:
        whole = join(whole, program)
    path.write_bytes(b"".join(struct.pack("<HBBI", *row) for row in whole))
    return len(whole)
