"""Programs of aarch64 whose call is behind an address made of two halves.

Each is what stands in _start, in assembler, and what stands elsewhere. `target` makes the
call that must be found, acct; nothing leads there but what the case is about. A word at
`pointer` holds its address, at the same place in a page of its own.
"""

import collections

Case = collections.namedtuple("Case", "name start rest", defaults=("",))

GO = "ldr x0, [x9, #:lo12:pointer]\n\tblr x0\n\tb leave\n"
MANY = 40

CASES = [
    Case("side by side", "adrp x9, pointer\n" + GO),
    Case("formed", "adrp x9, target\n\tadd x0, x9, #:lo12:target\n\tblr x0"),
    Case("the first half lies below the second",
         "b 2f\n1:\t" + GO + "2:\tadrp x9, pointer\n\tb 1b"),
    Case("many pages in one register",
         "".join(f"\tcmp x1, #{i}\n\tb.ne 1f\n\tadrp x9, pages+{i}*4096\n"
                 "\tb 2f\n1:\n" for i in range(MANY)) +
         "\tadrp x9, pointer\n2:\tldr x0, [x9, #:lo12:pointer]\n\tblr x0"),
    Case("many pages one after the other",
         "\tadrp x9, pointer\n\tcbz x1, 3f\n" +
         "".join(f"\tadrp x9, pages+{i}*4096\n\tldr x2, [x9, #:lo12:pointer]\n"
                 for i in range(MANY)) + "\tb leave\n3:\t" + GO),
    Case("moved", "adrp x1, pointer\n\tmov x9, x1\n\tmov x1, #0\n" + GO),
    Case("chosen", "adrp x1, pointer\n\tadrp x2, pages\n\tcmp x3, #0\n"
                   "\tcsel x9, x1, x2, eq\n\tmov x1, #0\n\tmov x2, #0\n" + GO),
    Case("kept on the stack",
         "sub sp, sp, #64\n\tadrp x1, pointer\n\tstr x1, [sp, #24]\n"
         "\tmov x1, #0\n\tldr x9, [sp, #24]\n" + GO),
    Case("kept on the stack as one of two",
         "adrp x1, pointer\n\tstp xzr, x1, [sp, #-32]!\n\tmov x1, #0\n"
         "\tldp x3, x9, [sp], #32\n" + GO),
    Case("kept in the frame, with room on the stack that grows",
         "stp x29, x30, [sp, #-64]!\n\tmov x29, sp\n\tadrp x1, pointer\n"
         "\tstr x1, [x29, #24]\n\tmov x1, #0\n\tsub sp, sp, x4\n"
         "\tldr x9, [x29, #24]\n" + GO),
    Case("kept on a stack of which nothing is known",
         "sub sp, sp, x4\n\tadrp x1, pointer\n\tstr x1, [sp, #8]\n"
         "\tmov x1, #0\n\tadd x5, sp, x6\n\tldr x9, [x5, #8]\n" + GO),
    Case("kept by way of another register",
         "sub sp, sp, #64\n\tadd x5, sp, #16\n\tadrp x1, pointer\n"
         "\tstr x1, [x5, #8]\n\tmov x1, #0\n\tldr x9, [sp, #24]\n" + GO),
    Case("kept in memory",
         "adrp x1, pointer\n\tadr x2, place\n\tstr x1, [x2]\n\tmov x1, #0\n"
         "\tldr x9, [x2]\n" + GO),
    Case("kept in a vector's register",
         "adrp x1, pointer\n\tfmov d8, x1\n\tmov x1, #0\n\tfmov x9, d8\n" + GO),
    Case("by an index", "adrp x1, pointer\n\tmov x2, #256\n"
                        "\tldr x0, [x1, x2]\n\tblr x0"),
    Case("by an index in words", "adrp x1, pointer\n\tmov x2, #0\n"
         "\tadd x9, x1, x2, lsl #3\n" + GO),
    Case("by an index times a size", "adrp x1, pointer\n\tmov x2, #0\n"
         "\tmov x3, #24\n\tmadd x9, x2, x3, x1\n" + GO),
    Case("by an index of 32 bits", "adrp x1, pointer\n\tmov x2, #0\n"
         "\tadd x9, x1, w2, sxtw #3\n" + GO),
    Case("together by or", "adrp x1, target\n\torr x0, x1, x2\n"
         "\tadd x0, x0, #:lo12:target\n\tblr x0"),
    Case("from the page behind", "adrp x1, target+4096\n"
         "\tsub x1, x1, #1, lsl #12\n\tadd x0, x1, #:lo12:target\n"
         "\tblr x0"),
    Case("over a call", "adrp x19, pointer\n\tbl helper\n\tmov x9, x19\n" + GO),
    Case("over a call that is known to keep it",
         "adrp x9, pointer\n\tbl helper\n" + GO),
    Case("in a part that lies elsewhere", "adrp x9, pointer\n\tb part",
         "part:\n\t.cfi_startproc\n\t" + GO + "\t.cfi_endproc\n"),
    Case("in a part with a name",
         "adrp x9, pointer\n\tcbz x0, _start.cold\n\tb leave",
         "\t.type _start.cold, %function\n_start.cold:\n\t.cfi_startproc\n"
         "\t" + GO + "\t.cfi_endproc\n\t.size _start.cold, . - _start.cold\n"),
    Case("back from a part that lies elsewhere",
         "cbz x0, part\n\tb leave\n1:\t" + GO,
         "part:\n\t.cfi_startproc\n\tadrp x9, pointer\n\tb 1b\n"
         "\t.cfi_endproc\n"),
    Case("in a piece that is shared", "adrp x9, pointer\n\tbl piece\n\tb leave",
         "piece:\n\t.cfi_startproc\n\tldr x0, [x9, #:lo12:pointer]\n\tbr x0\n"
         "\t.cfi_endproc\n"),
    Case("from a piece that is shared", "bl piece\n" + GO,
         "piece:\n\t.cfi_startproc\n\tadrp x9, pointer\n\tret\n"
         "\t.cfi_endproc\n"),
    Case("from a piece that uses it, too", "bl piece\n" + GO,
         "piece:\n\t.cfi_startproc\n\tadrp x9, pointer\n"
         "\tldr x1, [x9, #:lo12:other]\n\tret\n\t.cfi_endproc\n"),
    Case("from a piece that has a function's name",
         "bl OUTLINED_FUNCTION_0\n" + GO,
         "\t.type OUTLINED_FUNCTION_0, %function\nOUTLINED_FUNCTION_0:\n"
         "\t.cfi_startproc\n\tadrp x9, pointer\n"
         "\tldr x1, [x9, #:lo12:other]\n\tret\n\t.cfi_endproc\n"),
    Case("handed to a function against the rules",
         "adrp x9, pointer\n\tbl taker\n\tb leave",
         "\t.type taker, %function\n\t.globl taker\ntaker:\n"
         "\t.cfi_startproc\n" + "\tnop\n" * 80 + "\t" + GO +
         "\t.cfi_endproc\n\t.size taker, . - taker\n"),
    Case("behind a jump by a value",
         "adrp x9, pointer\n\tadr x1, 1f\n\tadd x1, x1, x2\n\tbr x1\n"
         "1:\tb leave\n\tb leave\n\tnop\n\t" + GO),
    Case("with a tag", "adrp x9, target\n\tmovk x9, #0x100, lsl #48\n"
                       "\tadd x0, x9, #:lo12:target\n\tblr x0"),
    Case("in a loop", "adrp x9, pages\n\tadrp x7, pointer\n"
         "1:\tldr x0, [x9, #:lo12:pointer]\n\tcbz x0, 2f\n\tblr x0\n"
         "2:\tmov x9, x7\n\tb 1b"),
    Case("beside another number that differs as the places do",
         ".balign 256\n\tnop\n\tnop\n\tnop\n\tmov x8, #81\n\tsvc #0\n"
         "\tmov x8, #89\n\tsvc #0"),
    Case("a word beside the code", "ldr x0, =target\n\tblr x0\n\tb leave\n"
                                   "\t.ltorg"),
]

# These are addresses only where nothing moves.
STILL = [
    Case("a number in four parts",
         "movz x0, #:abs_g3:target\n\tmovk x0, #:abs_g2_nc:target\n"
         "\tmovk x0, #:abs_g1_nc:target\n\tmovk x0, #:abs_g0_nc:target\n"
         "\tblr x0"),
    Case("a number whose parts stand apart",
         "b 2f\n1:\tmovk x0, #:abs_g1:target\n\tblr x0\n\tb leave\n"
         "2:\tmovz x0, #:abs_g0_nc:target\n\tb 1b"),
    Case("one of many numbers",
         "".join(f"\tcmp x1, #{i}\n\tb.ne 1f\n\tmov x0, #{i * 8}\n\tb 2f\n1:\n"
                 for i in range(80)) +
         "\tmovz x0, #:abs_g0_nc:target\n2:\tmovk x0, #:abs_g1:target, "
         "\n\tblr x0".replace(", \n", "\n")),
]

PROGRAM = """
	.text
	.globl _start
	.type _start, %function
_start:
	.cfi_startproc
	{start}
leave:
	mov x8, #93
	svc #0
	b leave
	.cfi_endproc
	.size _start, . - _start
	.type helper, %function
helper:
	.cfi_startproc
	ret
	.cfi_endproc
	.size helper, . - helper
{rest}
	.balign 4096
	.fill 64, 4, 0xd503201f
	.type target, %function
target:
	.cfi_startproc
	mov x8, #89
	svc #0
	ret
	.cfi_endproc
	.size target, . - target
	.section .far, "aw"
	.balign 4096
	.globl pages
	.type pages, %object
pages:
	.skip {many}*4096
	.size pages, . - pages
	.section .data
	.balign 4096
	.skip 256
	.type pointer, %object
pointer:
	.xword target
	.size pointer, . - pointer
	.section .other, "aw"
	.type other, %object
other:
	.xword 0
	.size other, . - other
	.type place, %object
place:
	.xword 0
	.size place, . - place
"""


def source(case):
    return PROGRAM.format(start=case.start, rest=case.rest, many=MANY + 1)
