package role

import "errors"

// What an account can answer that callers decide on. A client's error wraps one of them
// (errors.Is); its text says the rest.
var (
	// ErrNotFound: no role has that key (404).
	ErrNotFound = errors.New("no such role")
	// ErrConflict: the account refused because something is there, in use, or has moved (409,
	// 412, or 422 for a failed test). It never says which: read the role back and compare.
	ErrConflict = errors.New("conflict")
	// ErrDenied: the token is unknown or may not do this (401 and 403 alike).
	ErrDenied = errors.New("not allowed")
	// ErrRefused: the request itself was refused and will be again (other 4xx).
	ErrRefused = errors.New("refused")
	// ErrLimited: the account asks to slow down (429) and nothing was done.
	ErrLimited = errors.New("rate limited")
	// ErrNotSent: nothing reached the server, so nothing was done.
	ErrNotSent = errors.New("not sent")
	// ErrUnknown: the request was sent and its effect is not known (lost or unusable reply, 5xx).
	ErrUnknown = errors.New("outcome unknown")
	// ErrReadOnly: a write through a client that may only read. Nothing was sent.
	ErrReadOnly = errors.New("read-only")
	// ErrChanging: the account changed again and again while it was read.
	ErrChanging = errors.New("the account is changing while it is read")
)
