//go:build !(ppc64 || s390x || mips || mips64)

package callgate

import "encoding/binary"

var byteOrder = binary.LittleEndian
