package callgate

// What the filter answers, found out by running it: for calls of this machine
// whose arguments do not matter.

const (
	retAllow  = 0x7fff0000
	loadWord  = 0x20 // A = a word of struct seccomp_data
	andK      = 0x54
	jump      = 0x05
	jumpEqual = 0x15
	jumpMore  = 0x25
	jumpLeast = 0x35
	jumpSet   = 0x45
	ret       = 0x06
)

// surelyAllows says whether the calls that reading /proc takes are allowed
// whatever their arguments. What is not understood is not sure.
func (p *Program) surelyAllows() bool {
	for _, nr := range this.calls {
		if nr != uint32(sysSeccomp) && !p.allows(nr) {
			return false
		}
	}
	return auditArch != 0
}

func (p *Program) allows(nr uint32) bool {
	var a uint32
	for pc := 0; pc < len(p.Instructions); pc++ {
		i := p.Instructions[pc]
		taken := false
		switch i.Op {
		case loadWord:
			switch i.K {
			case 0:
				a = nr
			case 4:
				a = auditArch
			default:
				return false // it looks at an argument
			}
			continue
		case andK:
			a &= i.K
			continue
		case jump:
			pc += int(i.K)
			continue
		case ret:
			return i.K == retAllow
		case jumpEqual:
			taken = a == i.K
		case jumpMore:
			taken = a > i.K
		case jumpLeast:
			taken = a >= i.K
		case jumpSet:
			taken = a&i.K != 0
		default:
			return false
		}
		if taken {
			pc += int(i.Jt)
		} else {
			pc += int(i.Jf)
		}
	}
	return false
}
