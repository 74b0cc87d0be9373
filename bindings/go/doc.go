// Package callgate puts proven seccomp filters into force in a Go program.
//
// It is Go alone, without cgo: a policy is compiled and proved by the command
// callgate, either when the program is built (go:generate, go:embed and
// FromBytes) or when it starts; loading, verifying and supervising are done
// here. A program that is confined already cannot start the command any more,
// so compile first.
//
// Nothing is half done: where an error is returned, no filter was loaded. A
// filter can never be taken off again.
package callgate
