package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/emulator"
	"github.com/rolewright/rolewright/reconcile/role"
)

type emulatorOptions struct {
	listen    string
	data      string
	faults    []string
	behaviour []string
	inventory string
	tokens    string
	latency   time.Duration
}

func newEmulatorCmd(a *app) *cobra.Command {
	var o emulatorOptions
	cmd := &cobra.Command{
		Use:   "emulator",
		Short: "Serve LaunchDarkly's roles API on this machine",
		Long: `Serve the emulator of LaunchDarkly's API of roles, members and teams for any client, on loopback only.
Any token that does not look like a real one is accepted, unless --tokens says which. What LaunchDarkly leaves open is an option (--behaviour), and
its choice is logged at start. Faults are injected with --fault. Projects with their environments and flags, which the
API only reads here, come from a JSON file (--inventory); so do the tokens that are let in (--tokens), each with a
base role, custom roles, a policy of its own or the rights of a member, and refused what it has no right to:

  {"projects": [{"key": "web", "tags": ["shop"],
    "environments": [{"key": "production", "critical": true}], "flags": [{"key": "search", "tags": ["ux"]}]}]}

  [{"secret": "read", "role": "reader"}, {"secret": "plan", "service": true, "customRoles": ["rolewright-plan"]},
   {"secret": "one", "inlineRole": [{"effect": "allow", "actions": ["updateName"], "resources": ["role/*"]}]},
   {"secret": "ana", "member": "ana@example.com", "ofMember": true}]`,
		Example: "  rolewright emulator --data ld.db\n  rolewright emulator --listen 127.0.0.1:8090 --behaviour testOp=ignored --fault 'PATCH 3:cut-after'",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.runEmulator(cmd.Context(), o) },
	}
	cmd.Flags().StringVar(&o.listen, "listen", "127.0.0.1:0", "`ADDRESS` to listen on; port 0 takes a free one")
	cmd.Flags().StringVar(&o.data, "data", "", "keep the account in `FILE` (default: in memory)")
	cmd.Flags().StringVar(&o.inventory, "inventory", "", "take the projects from a JSON `FILE`, in the place of those that the account has")
	cmd.Flags().StringVar(&o.tokens, "tokens", "", "let in the tokens of a JSON `FILE` and no other")
	cmd.Flags().StringSliceVar(&o.faults, "fault", nil, "inject a `FAULT`: WHICH:WHAT, as 3:429 or PATCH:cut-after")
	cmd.Flags().StringSliceVar(&o.behaviour, "behaviour", nil, "set an `OPTION`: NAME=VALUE, as testOp=ignored")
	cmd.Flags().DurationVar(&o.latency, "latency", 0, "let every answer wait")
	return cmd
}

func (a *app) runEmulator(ctx context.Context, o emulatorOptions) error {
	behaviour, err := emulator.ParseBehaviour(o.behaviour)
	if err != nil {
		return usage("", "--behaviour: %w", err)
	}
	faults, err := parseFaults(o.faults)
	if err != nil {
		return usage("", "--fault: %w", err)
	}
	inventory, err := readInventory(o.inventory)
	if err != nil {
		return usage("", "--inventory: %w", err)
	}
	tokens, err := readTokens(o.tokens)
	if err != nil {
		return usage("", "--tokens: %w", err)
	}
	emu, err := emulator.New(emulator.Options{
		File: o.data, Now: a.now, Behaviour: behaviour, Faults: faults, Latency: o.latency, Tokens: tokens,
		Log: slog.New(slog.NewTextHandler(a.err, nil)),
	})
	if err != nil {
		return &failure{reason: reconcile.ReasonUsage, err: err}
	}
	defer emu.Close()
	if inventory != nil {
		if err := emu.Seed(*inventory); err != nil {
			return usage("", "--inventory %s: %w", o.inventory, err)
		}
	}
	err = emulator.Serve(ctx, o.listen, emu, func(addr string) {
		fmt.Fprintf(a.out, "http://%s\n", addr)
		fmt.Fprintf(a.err, "serving; use it as a target with a host, as --target production, with\n"+
			"LAUNCHDARKLY_API_HOST=%s LAUNCHDARKLY_ACCESS_TOKEN=emulator\n", addr)
	})
	if err != nil {
		return &failure{reason: reconcile.ReasonUsage, err: err}
	}
	return nil
}

// readInventory reads an inventory. A file that says nothing would empty the account.
func readInventory(name string) (*role.Inventory, error) {
	inv, err := readJSON[*role.Inventory](name, "an inventory")
	if err == nil && name != "" && (inv == nil || inv.Projects == nil) {
		err = fmt.Errorf("%s is not an inventory: it holds no projects", name)
	}
	return inv, err
}

// readTokens reads the tokens of a file. A file without any would let in every one.
func readTokens(name string) ([]emulator.Token, error) {
	tokens, err := readJSON[[]emulator.Token](name, "a list of tokens")
	if err == nil && name != "" && len(tokens) == 0 {
		err = fmt.Errorf("%s holds no token", name)
	}
	return tokens, err
}

// readJSON reads a file that holds one thing; without a name it is nothing.
func readJSON[T any](name, what string) (thing T, err error) {
	if name == "" {
		return thing, nil
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return thing, err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&thing); err != nil {
		return thing, fmt.Errorf("%s is not %s: %w", name, what, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return thing, fmt.Errorf("%s is not %s: something follows it in the file", name, what)
	}
	return thing, nil
}

func parseFaults(texts []string) ([]emulator.Fault, error) {
	faults := make([]emulator.Fault, len(texts))
	for i, text := range texts {
		f, err := emulator.ParseFault(text)
		if err != nil {
			return nil, err
		}
		faults[i] = f
	}
	return faults, nil
}
