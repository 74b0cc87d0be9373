package callgate

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"unsafe"
)

// Listener is what a supervisor holds.
type Listener struct{ fd int }

// As linux/seccomp.h has them; a newer kernel's may be longer.
type notif struct {
	id    uint64
	pid   uint32
	flags uint32
	nr    int32
	arch  uint32
	ip    uint64
	args  [6]uint64
}

type notifResponse struct {
	id    uint64
	val   int64
	err   int32
	flags uint32
}

type notifSizes struct{ notif, response, data uint16 }

const (
	roomForRecords = 1024
	flagContinue   = 1
	pollIn         = 1
)

// Notification is a call that waits for its supervisor.
type Notification struct {
	listener *Listener
	id       uint64
	Thread   int
	Number   int
	Arch     uint32
	Args     [6]uint64
}

// ErrGone is there where the caller died before it was answered.
var ErrGone = errors.New("the caller is gone")

func (l *Listener) ioctl(number, size uintptr, argument unsafe.Pointer) error {
	// _IOWR('!', number, size); where MIPS and PowerPC have other bits.
	request := iocReadWrite | size<<16 | '!'<<8 | number
	_, _, err := syscall.Syscall(syscall.SYS_IOCTL, uintptr(l.fd), request, uintptr(argument))
	if err != 0 {
		return err
	}
	return nil
}

func checkSizes() error {
	var sizes notifSizes
	if _, number := seccomp(getNotifSizes, 0, unsafe.Pointer(&sizes)); number != 0 {
		return fmt.Errorf("the kernel does not say how long its notifications are: %w", number)
	}
	if sizes.notif > roomForRecords || sizes.response > roomForRecords ||
		uintptr(sizes.notif) < unsafe.Sizeof(notif{}) {
		return fmt.Errorf("the kernel's notifications have %d bytes, which is not known here", sizes.notif)
	}
	return nil
}

// Next waits for a call; io.EOF at the end, when nobody is under the filter.
func (l *Listener) Next() (*Notification, error) {
	if err := checkSizes(); err != nil {
		return nil, err
	}
	for {
		ready, err := l.wait()
		if err != nil {
			return nil, err
		}
		if !ready {
			return nil, io.EOF
		}
		// Room for a longer record, and zeros, as the kernel wants.
		var room [roomForRecords / 8]uint64
		record := (*notif)(unsafe.Pointer(&room))
		err = l.ioctl(0, unsafe.Sizeof(*record), unsafe.Pointer(record))
		if errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.EINTR) {
			continue // it died, or we were disturbed
		}
		if err != nil {
			return nil, fmt.Errorf("cannot receive a notification: %w", err)
		}
		return &Notification{l, record.id, int(record.pid), int(record.nr), record.arch, record.args}, nil
	}
}

func (l *Listener) wait() (bool, error) {
	poll := struct {
		fd              int32
		events, revents int16
	}{int32(l.fd), pollIn, 0}
	for {
		// ppoll(fds, 1, NULL, NULL): poll(2) is not on every machine.
		_, _, number := syscall.Syscall6(sysPpoll, uintptr(unsafe.Pointer(&poll)), 1, 0, 0, 0, 0)
		if number == syscall.EINTR {
			continue
		}
		if number != 0 {
			return false, fmt.Errorf("cannot wait for a notification: %w", number)
		}
		return poll.revents&pollIn != 0, nil
	}
}

// Close gives the listener up: calls that wait fail with ENOSYS.
func (l *Listener) Close() error { return syscall.Close(l.fd) }

func (n *Notification) send(value int64, number syscall.Errno, flags uint32) error {
	answer := notifResponse{n.id, value, -int32(number), flags}
	err := n.listener.ioctl(1, unsafe.Sizeof(answer), unsafe.Pointer(&answer))
	if errors.Is(err, syscall.ENOENT) {
		return ErrGone
	}
	return err
}

// Answer returns a value in the kernel's place.
func (n *Notification) Answer(value int64) error { return n.send(value, 0, 0) }

// Refuse fails with an errno in the kernel's place.
func (n *Notification) Refuse(number syscall.Errno) error { return n.send(0, number, 0) }

// GoOn lets the kernel carry it out: never a decision about a pointer.
func (n *Notification) GoOn() error { return n.send(0, 0, flagContinue) }

// Waits says whether the caller still does.
func (n *Notification) Waits() bool {
	id := n.id
	request := iocWrite | 8<<16 | '!'<<8 | uintptr(2)
	_, _, err := syscall.Syscall(syscall.SYS_IOCTL, uintptr(n.listener.fd), request, uintptr(unsafe.Pointer(&id)))
	return err == 0
}

// Text reads what an argument points to, up to its NUL. It may change right
// after.
func (n *Notification) Text(address uint64) (string, error) {
	memory, err := os.Open(fmt.Sprintf("/proc/%d/mem", n.Thread))
	if err != nil {
		return "", err
	}
	defer memory.Close()
	// Only now is it surely the caller, and not a later thread.
	if !n.Waits() {
		return "", ErrGone
	}
	room := make([]byte, 4096)
	length, err := memory.ReadAt(room, int64(address))
	if length == 0 && err != nil {
		return "", err
	}
	for i, letter := range room[:length] {
		if letter == 0 {
			return string(room[:i]), nil
		}
	}
	return string(room[:length]), nil
}
