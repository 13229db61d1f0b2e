package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/emulator"
	"github.com/rolewright/rolewright/reconcile/launchdarkly"
	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/policy"
)

// peopleFiles give roles that are made, take one that goes, and swap.
var peopleFiles = map[string]string{
	"rolewright.yaml": "version: 1\ntargets:\n  local: {emulator: x.db}\ndefaultTarget: local\nmanage:\n  roles: {include: [\"*\"]}\n  teams: {include: [\"*\"]}\n  members: {include: [\"*@example.com\"]}\n",
	"roles.yaml": `kind: Role
key: ops
name: Operators
basePermissions: no_access
policy: [{effect: allow, actions: [viewProject], resources: ["proj/${roleAttribute/projects}"]}]
---
kind: Role
key: old
state: absent
`,
	"people.yaml": `kind: Team
key: checkout
customRoles: [ops]
roleAttributes: {projects: [web, app]}
---
kind: Team
key: fresh
name: Fresh
create: true
customRoles: [ops]
roleAttributes: {projects: [web]}
---
kind: Member
email: ana@example.com
role: no_access
customRoles: [ops]
roleAttributes: {projects: [web]}
`,
}

// TestPeopleFromFileToAccount plans and applies teams and members through the client on the emulator.
func TestPeopleFromFileToAccount(t *testing.T) {
	dir := t.TempDir()
	for name, text := range peopleFiles {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	emu, err := emulator.New(emulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer emu.Close()
	for _, err := range []error{
		emu.Add(emulator.Role{Key: "old", Name: "Old"}),
		emu.AddMember(emulator.Member{Email: "ana@example.com", CustomRoles: []string{"old"}}),
		emu.AddTeam(emulator.Team{Key: "checkout", Name: "Checkout", CustomRoles: []string{"old"}, Members: []string{"ana@example.com"}}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	c, err := launchdarkly.New(launchdarkly.Options{Host: "localhost", Token: "emulator", Transport: emulator.Transport(emu)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ws, findings, err := reconcile.Load(dir, manifest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		t.Log(f.Pos, f.Severity, f.Message)
	}
	o := reconcile.Options{Now: time.Now(), Tool: "rolewright test", Semantics: new(policy.DefaultSemantics())}
	p, err := reconcile.Plan(context.Background(), ws, client{c}, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range p.Changes {
		t.Log(change.Phase, change.ID)
	}
	if p.Summary != (plan.Summary{Create: 1, Delete: 1, Teams: 2, Members: 1}) {
		t.Errorf("%+v, blocks %+v, skipped %+v", p.Summary, p.Blocks, p.Skipped)
	}
	saved, err := plan.Decode(plan.Encode(p))
	if err != nil {
		t.Fatal(err)
	}
	if err := reconcile.Verify(context.Background(), saved, ws, client{c}, o); err != nil {
		t.Fatal(err)
	}
	res := reconcile.Apply(context.Background(), saved, ws, client{c}, apply.Options{Comment: "why", Sleep: func(context.Context, time.Duration) error { return nil }})
	if res.ExitReason != apply.ReasonApplied || !res.Verified {
		t.Fatalf("%s: %s %s: %+v", res.ExitReason, res.Error, res.Hint, res.Changes)
	}
	again, err := reconcile.Plan(context.Background(), ws, client{c}, o)
	if err != nil || again.Summary.Total() > 0 {
		t.Errorf("%v: %+v", err, again.Summary)
	}
}
