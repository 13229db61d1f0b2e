//go:build !linux

package main

import "testing"

const linuxAlone = "SKIPPED: watches processes as only Linux lets it"

// TestKill kills the program; see kill_linux_test.go.
func TestKill(t *testing.T) { t.Skip(linuxAlone) }

// TestSignals sends it signals; see killsignal_linux_test.go.
func TestSignals(t *testing.T) { t.Skip(linuxAlone) }

// TestSandbox traces it; see sandbox_linux_test.go.
func TestSandbox(t *testing.T) { t.Skip(linuxAlone) }
