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
	latency   time.Duration
}

func newEmulatorCmd(a *app) *cobra.Command {
	var o emulatorOptions
	cmd := &cobra.Command{
		Use:   "emulator",
		Short: "Serve LaunchDarkly's roles API on this machine",
		Long: `Serve the emulator of LaunchDarkly's API of roles, members and teams for any client, on loopback only.
Any token that does not look like a real one is accepted. What LaunchDarkly leaves open is an option (--behaviour), and
its choice is logged at start. Faults are injected with --fault. Projects with their environments and flags, which the
API only reads here, come from a JSON file (--inventory):

  {"projects": [{"key": "web", "tags": ["shop"],
    "environments": [{"key": "production", "critical": true}], "flags": [{"key": "search", "tags": ["ux"]}]}]}`,
		Example: "  rolewright emulator --data ld.db\n  rolewright emulator --listen 127.0.0.1:8090 --behaviour testOp=ignored --fault 'PATCH 3:cut-after'",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.runEmulator(cmd.Context(), o) },
	}
	cmd.Flags().StringVar(&o.listen, "listen", "127.0.0.1:0", "`ADDRESS` to listen on; port 0 takes a free one")
	cmd.Flags().StringVar(&o.data, "data", "", "keep the account in `FILE` (default: in memory)")
	cmd.Flags().StringVar(&o.inventory, "inventory", "", "take the projects from a JSON `FILE`, in the place of those that the account has")
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
	emu, err := emulator.New(emulator.Options{
		File: o.data, Now: a.now, Behaviour: behaviour, Faults: faults, Latency: o.latency,
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

// readInventory reads a JSON file; without a name there is none.
func readInventory(name string) (*role.Inventory, error) {
	if name == "" {
		return nil, nil
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	inv := &role.Inventory{}
	if err := dec.Decode(inv); err != nil {
		return nil, fmt.Errorf("%s is not an inventory: %w", name, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s is not an inventory: something follows it in the file", name)
	}
	return inv, nil
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
