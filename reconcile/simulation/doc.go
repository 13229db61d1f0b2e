// Package simulation holds the program to its promises under faults: its tests run the real plan, client
// and apply against the emulator, in virtual time, and break one thing after another.
//
// The package has no code of its own and nothing imports it.
package simulation
