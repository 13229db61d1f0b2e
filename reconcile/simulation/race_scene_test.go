package simulation_test

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/emulator"
	"github.com/rolewright/rolewright/reconcile/launchdarkly"
	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/plan"
)

var raceNow = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// raceAccount is an account behind the real client.
type raceAccount struct{ *launchdarkly.Client }

// AccountID implements reconcile.Account.
func (a raceAccount) AccountID(ctx context.Context) (string, error) {
	id, err := a.Identity(ctx)
	return id.AccountID, err
}

// raceFolder is a workspace in memory.
type raceFolder struct{ fstest.MapFS }

// Lstat implements manifest.Source.
func (f raceFolder) Lstat(name string) (fs.FileInfo, error) { return f.Stat(name) }

const raceConfig = "version: 1\ntargets: {t: {host: localhost}}\nguards: {maxDeletes: 99, maxDeletePercent: 100}\n"

// raceWorkspace loads one file of roles.
func raceWorkspace(t testing.TB, text string) *manifest.Workspace {
	t.Helper()
	folder := raceFolder{fstest.MapFS{
		manifest.ConfigFile: {Data: []byte(raceConfig), Mode: 0o644}, "roles.yaml": {Data: []byte(text), Mode: 0o644},
	}}
	ws, findings, err := manifest.LoadFrom(folder, manifest.Options{Today: raceNow})
	if err != nil || diag.HasErrors(findings) {
		t.Fatalf("%v, %v\n%s", err, findings, text)
	}
	return ws
}

// raceRole is a role whose description and action are told.
func raceRole(key, says, action string) emulator.Role {
	return emulator.Role{
		Key: key, Name: "Role " + key, Description: says, BasePermissions: "no_access",
		Policy: []emulator.Statement{{Effect: "allow", Actions: []string{action}, Resources: []string{"proj/*:env/*:flag/*"}}},
	}
}

// raceFile is the file of a role, with one statement.
func raceFile(key, says, action string) string {
	return fmt.Sprintf("kind: Role\nkey: %s\nname: Role %s\ndescription: %q\nbasePermissions: no_access\npolicy:\n"+
		"  - {effect: allow, actions: [%s], resources: [\"proj/*:env/*:flag/*\"]}\n", key, key, says, action)
}

// raceGone is the file of a role that is to go, and of one that stays, since files without any are refused.
func raceGone(key string) string {
	return "kind: Role\nkey: " + key + "\nstate: absent\n---\n" + raceFile("kept", "kept", "updateOn")
}

// raceScene is an account and what two appliers want of it at the same time.
type raceScene struct {
	name      string
	start     []emulator.Role
	files     [2]string
	edits     []raceEdit // those of which one is made
	long      bool       // there are too many interleavings with an edit to play them all
	behaviour emulator.Behaviour
}

// account makes the account of the scene, always the same one.
func (s raceScene) account(t testing.TB) *emulator.Emulator {
	t.Helper()
	emu, err := emulator.New(emulator.Options{
		Seed: s.start, Behaviour: s.behaviour, Now: func() time.Time { return raceNow }, Rand: strings.NewReader(strings.Repeat("r", 16)),
	})
	if err != nil {
		t.Fatal(err)
	}
	return emu
}

// raceConnect opens an account through the real client. Nothing waits: a request that waits is one that
// is not let go yet.
func raceConnect(t testing.TB, o launchdarkly.Options) raceAccount {
	t.Helper()
	o.Host, o.Token = "localhost", "emulator"
	o.Sleep = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	c, err := launchdarkly.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return raceAccount{c}
}

func raceOptions(emu *emulator.Emulator) launchdarkly.Options {
	return launchdarkly.Options{Transport: emulator.Transport(emu), ReadOnly: true}
}

// plans makes the two plans of the scene, each as if there were no other.
func (s raceScene) plans(t testing.TB) (spaces []*manifest.Workspace, plans []*plan.Plan) {
	t.Helper()
	for _, text := range s.files {
		ws := raceWorkspace(t, text)
		account := raceConnect(t, raceOptions(s.account(t)))
		p, err := reconcile.Plan(t.Context(), ws, account, reconcile.Options{Target: plan.Target{Name: "t", Host: "h"}, Now: raceNow})
		if err != nil || len(p.Changes) == 0 || len(p.Blocks) > 0 {
			t.Fatalf("%s: %v, %d changes, %v", s.name, err, len(p.Changes), p.Blocks)
		}
		spaces, plans = append(spaces, ws), append(plans, p)
	}
	return spaces, plans
}

// raceEdits are the edits that somebody makes to a role: of what a plan changes, of something else, and
// those that a role with the same key survives, or does not.
func raceEdits(key string) []raceEdit {
	change := func(name string, f func(*emulator.Role)) raceEdit {
		return raceEdit{name + " " + key, key, func(e *emulator.Emulator) error {
			if !raceHas(e, key) {
				return e.Add(raceRole(key, name, "updateTags"))
			}
			return e.Edit(key, f)
		}}
	}
	return []raceEdit{
		change("describe", func(r *emulator.Role) { r.Description = "outside" }),
		change("rewrite", func(r *emulator.Role) { r.Policy = raceRole(key, "", "updateTags").Policy }),
		change("rename", func(r *emulator.Role) { r.Name = "Outside" }),
		{"remove " + key, key, func(e *emulator.Emulator) error {
			if !raceHas(e, key) {
				return nil
			}
			return e.Remove(key)
		}},
		{"remake " + key, key, raceRemake(key)},
	}
}

func raceHas(e *emulator.Emulator, key string) bool {
	return slices.ContainsFunc(e.Roles(), func(r emulator.Role) bool { return r.Key == key })
}

// raceRemake deletes a role and makes it again as it was, with another id.
func raceRemake(key string) func(*emulator.Emulator) error {
	return func(e *emulator.Emulator) error {
		for _, r := range e.Roles() {
			if r.Key == key {
				r.ID = ""
				if err := e.Remove(key); err != nil {
					return err
				}
				return e.Add(r)
			}
		}
		return e.Add(raceRole(key, "remade", "updateTags"))
	}
}

// raceScenes are the short plans: create, update and delete of one role, the same plan twice and two
// plans that do not agree; and a plan of an update and a delete, twice.
func raceScenes() []raceScene {
	old, other := raceRole("ops", "old", "updateOn"), raceRole("web", "old", "updateOn")
	scene := func(name string, start []emulator.Role, a, b string) raceScene {
		return raceScene{name: name, start: start, files: [2]string{a, b}, edits: raceEdits("ops")}
	}
	kept := raceRole("kept", "kept", "updateOn")
	some, none := []emulator.Role{old, kept}, []emulator.Role{kept}
	mixed := raceFile("ops", "new", "updateOn") + "---\n" + raceGone("web")
	both := scene("update one and delete another, the same twice", []emulator.Role{old, other, kept}, mixed, mixed)
	both.long = true
	both.edits = []raceEdit{raceEdits("ops")[0], raceEdits("web")[1]}
	return []raceScene{
		scene("create, the same twice", none, raceFile("ops", "new", "updateOn"), raceFile("ops", "new", "updateOn")),
		scene("create, two kinds", none, raceFile("ops", "new", "updateOn"), raceFile("ops", "other", "updateOn")),
		scene("update, the same twice", some, raceFile("ops", "new", "updateOn"), raceFile("ops", "new", "updateOn")),
		scene("update of one field, two kinds", some, raceFile("ops", "new", "updateOn"), raceFile("ops", "other", "updateOn")),
		scene("update of two fields", some, raceFile("ops", "new", "updateOn"), raceFile("ops", "old", "createFlag")),
		scene("delete, twice", some, raceGone("ops"), raceGone("ops")),
		scene("update and delete", some, raceFile("ops", "new", "updateOn"), raceGone("ops")),
		both,
	}
}

func raceSorted(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }
