package callgate

import "runtime"

// machine is what has to be known of one before the command can be asked, or
// when it cannot be any more. A test compares it with what the command says.
type machine struct {
	abi   string // what the command calls it
	arch  uint32 // AUDIT_ARCH_*
	calls map[string]uint32
}

var machines = map[string]machine{
	"amd64": {"x86_64", 0xc000003e, map[string]uint32{
		"seccomp": 317, "ppoll": 271, "openat": 257, "read": 0, "close": 3, "getdents64": 217, "fcntl": 72, "epoll_ctl": 233, "epoll_create1": 291, "fstat": 5, "newfstatat": 262, "statx": 332,
	}},
	"386": {"i386", 0x40000003, map[string]uint32{
		"seccomp": 354, "ppoll": 309, "openat": 295, "read": 3, "close": 6, "getdents64": 220, "fcntl": 55, "fcntl64": 221, "epoll_ctl": 255, "epoll_create1": 329, "fstat": 108, "fstat64": 197, "fstatat64": 300, "statx": 383,
	}},
	"arm": {"arm", 0x40000028, map[string]uint32{
		"seccomp": 383, "ppoll": 336, "openat": 322, "read": 3, "close": 6, "getdents64": 217, "fcntl": 55, "fcntl64": 221, "epoll_ctl": 251, "epoll_create1": 357, "fstat": 108, "fstat64": 197, "fstatat64": 327, "statx": 397,
	}},
	"arm64": {"aarch64", 0xc00000b7, map[string]uint32{
		"seccomp": 277, "ppoll": 73, "openat": 56, "read": 63, "close": 57, "getdents64": 61, "fcntl": 25, "epoll_ctl": 21, "epoll_create1": 20, "fstat": 80, "newfstatat": 79, "statx": 291,
	}},
	"riscv64": {"riscv64", 0xc00000f3, map[string]uint32{
		"seccomp": 277, "ppoll": 73, "openat": 56, "read": 63, "close": 57, "getdents64": 61, "fcntl": 25, "epoll_ctl": 21, "epoll_create1": 20, "fstat": 80, "newfstatat": 79, "statx": 291,
	}},
	"ppc64le": {"ppc64le", 0xc0000015, map[string]uint32{
		"seccomp": 358, "ppoll": 281, "openat": 286, "read": 3, "close": 6, "getdents64": 202, "fcntl": 55, "epoll_ctl": 237, "epoll_create1": 315, "fstat": 108, "newfstatat": 291, "statx": 383,
	}},
	"s390x": {"s390x", 0x80000016, map[string]uint32{
		"seccomp": 348, "ppoll": 302, "openat": 288, "read": 3, "close": 6, "getdents64": 220, "fcntl": 55, "epoll_ctl": 250, "epoll_create1": 327, "fstat": 108, "newfstatat": 293, "statx": 379,
	}},
	"mips64le": {"mips64el", 0xc0000008, map[string]uint32{
		"seccomp": 5312, "ppoll": 5261, "openat": 5247, "read": 5000, "close": 5003, "getdents64": 5308, "fcntl": 5070, "epoll_ctl": 5208, "epoll_create1": 5285, "fstat": 5005, "newfstatat": 5252, "statx": 5326,
	}},
	"mipsle": {"mipsel", 0x40000008, map[string]uint32{
		"seccomp": 4352, "ppoll": 4302, "openat": 4288, "read": 4003, "close": 4006, "getdents64": 4219, "fcntl": 4055, "fcntl64": 4220, "epoll_ctl": 4249, "epoll_create1": 4326, "fstat": 4108, "fstat64": 4215, "fstatat64": 4293, "statx": 4366,
	}},
	"loong64": {"loongarch64", 0xc0000102, map[string]uint32{
		"seccomp": 277, "ppoll": 73, "openat": 56, "read": 63, "close": 57, "getdents64": 61, "fcntl": 25, "epoll_ctl": 21, "epoll_create1": 20, "fstat": 80, "newfstatat": 79, "statx": 291,
	}},
}

var (
	this       = machines[runtime.GOARCH]
	auditArch  = this.arch
	sysSeccomp = uintptr(this.calls["seccomp"])
	sysPpoll   = uintptr(this.calls["ppoll"])
)

// The bits of _IOWR and _IOW, which MIPS and PowerPC have elsewhere.
func ioctlBits() (readWrite, write uintptr) {
	switch runtime.GOARCH {
	case "mips64le", "mipsle", "mips64", "mips", "ppc64le", "ppc64":
		return 6 << 29, 4 << 29
	}
	return 3 << 30, 1 << 30
}

var iocReadWrite, iocWrite = ioctlBits()
