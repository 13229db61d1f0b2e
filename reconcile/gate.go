package reconcile

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/rolewright/rolewright/reconcile/check"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/lint"
	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/people"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// What a workspace asserts of itself gates a plan: lint rules of what it changes, access tests of the
// account as it leaves it, and what those tests say of changes. What a plan does not touch it is not
// refused for by lint, or nobody could repair an account step by step; a test is about the whole.

// World is what is known beside files.
type World struct {
	// People is the account as a plan leaves it; nil if it is not known.
	People *people.Account
	// Inventory is what exists in it; nil if it is not known.
	Inventory *role.Inventory
	// Unknown is what of it could not be read, and why.
	Unknown []string
	// nobody says that there are no members and no teams to ask about, as in a new emulator.
	nobody bool
}

// ReadWorld reads the account that ws is for, as it will be once the files are applied.
func ReadWorld(ctx context.Context, ws *manifest.Workspace, account Account) (World, error) {
	made := planOptions(ws, Options{})
	found, err := read(ctx, account, made.Scope)
	if err != nil {
		return World{}, err
	}
	w := found.world(plan.MakeAll(desired(ws), found.Actual, made).Walk(found.Actual, nil))
	if w.nobody {
		w.Unknown = append(w.Unknown, "what people may do: the account has no members and no teams")
	} else if !found.People {
		w.Unknown = append(w.Unknown, unread("who is in the account and what they hold", cmp.Or(found.PeopleErr, errNoPeople)))
	}
	if w.Inventory == nil {
		w.Unknown = append(w.Unknown, unread("which projects and environments there are", found.stockErr))
	}
	return w, nil
}

func unread(what string, err error) string {
	if err == nil {
		return what
	}
	return what + ": " + err.Error()
}

// world is what is known of the account as a plan leaves it.
func (r *reading) world(after plan.Actual) World {
	w := World{Inventory: r.stock}
	if w.Inventory != nil && len(w.Inventory.Projects) == 0 {
		w.Inventory = nil // every account has a project: this one does not show them
	}
	w.nobody = r.People && len(r.Members)+len(r.Teams) == 0
	if r.People && !w.nobody {
		w.People = new(after.Account())
	}
	return w
}

// gate judges a plan by what its workspace asserts.
func gate(p *plan.Plan, ws *manifest.Workspace, w World, o Options) {
	findings := lintChanges(p, ws, w, o)
	var blocks []plan.Block
	for _, f := range findings {
		if f.Severity == diag.Error {
			blocks = append(blocks, lintBlock(f))
		}
	}
	for _, r := range Tests(ws, w, TestOptions{Semantics: *o.Semantics, NoFixes: o.brief}) {
		if r.Verdict != check.Pass {
			blocks = append(blocks, testBlock(r))
		}
	}
	blocks = append(blocks, gateBlocks(p, ws, o)...)
	var unchecked []string
	if !o.brief && len(ws.Tests) > 0 && w.People == nil && !w.nobody && !p.Source.Offline {
		unchecked = append(unchecked, "access tests against the account: who is in it is not known, so they were judged on the files")
	}
	p.Judge(findings, blocks, unchecked)
}

// byGuards are the rules about a whole account whose question a guard of plans asks as well, of each
// step and of what the step makes worse; what a guard refuses a word can let through.
var byGuards = []string{lint.LockOut}

// lintChanges lints, by the rules about meaning, the roles and holders of the files that a plan
// changes, and returns what is not said to be meant.
func lintChanges(p *plan.Plan, ws *manifest.Workspace, w World, o Options) []diag.Finding {
	all := lint.Files{Roles: ws.Roles, Teams: ws.Teams, Members: ws.Members}
	files, focus := changed(p, all)
	if files.Empty() {
		return nil
	}
	notRun := append(lint.Words(), byGuards...)
	disable := slices.Concat(ws.Config.Lint.Disable, notRun)
	settings, _ := lintSettings(ws.Config) // what is wrong with them was said
	result := lint.RunAll(lint.Input{
		Files: files, Semantics: *o.Semantics, Settings: settings, Inventory: w.Inventory, People: w.People, Focus: focus, Cache: o.Cache,
	}, disable)
	found := slices.DeleteFunc(result.Findings, func(f diag.Finding) bool { return slices.Contains(notRun, f.Code) })
	parted := lint.Suppress(lint.Suppression{Findings: found, Allows: ws.Allows, Files: all, NotRun: notRun, Unsound: true})
	meaning := lint.Meaning()
	mine := slices.DeleteFunc(parted.Findings, func(f diag.Finding) bool { return !slices.Contains(meaning, f.Code) })
	ws.Quote(mine)
	return mine
}

// changed returns the roles and holders that a plan changes, as the files declare them, and which these
// are.
func changed(p *plan.Plan, all lint.Files) (files lint.Files, f *lint.Focus) {
	f = &lint.Focus{Roles: map[string]bool{}, Teams: map[string]bool{}, Members: map[string]bool{}}
	of := map[string]map[string]bool{plan.KindRole: f.Roles, plan.KindTeam: f.Teams, plan.KindMember: f.Members}
	for _, c := range p.Changes {
		key := c.Key
		if c.Kind == plan.KindMember {
			key = role.FoldEmail(key)
		}
		of[c.Kind][key] = true
	}
	for _, r := range all.Roles {
		switch {
		case r.Absent:
		case f.Roles[r.Key]:
			files.Roles = append(files.Roles, r)
		default:
			f.Around = append(f.Around, r)
		}
	}
	for _, t := range all.Teams {
		if f.Teams[t.Key] {
			files.Teams = append(files.Teams, t)
		}
	}
	for _, m := range all.Members {
		if f.Members[role.FoldEmail(m.Email)] {
			files.Members = append(files.Members, m)
		}
	}
	return files, f
}

func lintBlock(f diag.Finding) plan.Block {
	b := plan.Block{Guard: plan.GuardLint, Message: f.Code + ": " + f.Message, Hint: f.Hint}
	b.Declared = placeOf(f.Pos)
	for _, r := range f.Related {
		b.Detail = append(b.Detail, r.Pos.String()+": "+r.Message)
	}
	return b
}

func placeOf(pos diag.Position) *plan.Declared {
	if pos.File == "" {
		return nil
	}
	return &plan.Declared{File: pos.File, Line: pos.Line}
}

// testBlock is an assertion that does not hold.
func testBlock(r check.Result) plan.Block {
	b := plan.Block{Guard: plan.GuardAccessTest, Message: fmt.Sprintf("%q: %s %s: %s", r.Test, r.Assertion, r.Text, r.Message), Hint: r.Hint}
	b.Declared, b.Detail = placeOf(r.Pos), r.Detail()
	return b
}

// gateBlocks judges the changes of roles by the gates of access tests.
func gateBlocks(p *plan.Plan, ws *manifest.Workspace, o Options) (blocks []plan.Block) {
	var changes []check.Change
	for _, c := range p.Changes {
		if c.Kind != plan.KindRole {
			continue
		}
		change := check.Change{Key: c.Key, After: c.After}
		if c.Before != nil && c.Action != plan.Replace {
			change.Before, change.Fixed = &c.Before.Role, c.Before.PresetStatements
		}
		changes = append(changes, change)
	}
	if len(changes) == 0 {
		return nil
	}
	for _, r := range check.Gate(changes, ws.Tests, check.GateOptions{Allow: p.Lift.AllowRisk, Semantics: *o.Semantics}) {
		if r.Verdict == check.Pass || r.Verdict == check.Error { // an error is one of the test
			continue
		}
		b := plan.Block{Guard: plan.GuardChanges, Keys: []string{r.Role}, Message: fmt.Sprintf("%q: %s: %s", r.Test, r.When, r.Message), Declared: placeOf(r.Pos), Detail: r.Lines}
		if r.Require == role.RequireAllowRisk && r.Verdict == check.Fail {
			b.Flag = "--allow-risk " + r.Role
		}
		if len(b.Detail) == 0 && r.Example != "" {
			b.Detail = []string{"for example " + r.Example}
		}
		blocks = append(blocks, b)
	}
	return blocks
}

// TestOptions say which access tests are run and how.
type TestOptions struct {
	Semantics policy.Semantics
	Only      func(name string) bool // nil is all
	NoFixes   bool
}

// Tests judges the access tests of a workspace.
func Tests(ws *manifest.Workspace, w World, o TestOptions) []check.Result {
	return check.Run(testInput(ws, w, o))
}

func testInput(ws *manifest.Workspace, w World, o TestOptions) check.Input {
	return check.Input{
		Tests: ws.Tests, Roles: ws.Roles, Teams: ws.Teams, Members: ws.Members,
		People: w.People, Inventory: w.Inventory, Semantics: o.Semantics, Only: o.Only, NoFixes: o.NoFixes,
	}
}

// Judges makes judges of mutants of the roles of a workspace: its access tests.
func Judges(ws *manifest.Workspace, w World, o TestOptions) func() check.Judge {
	o.NoFixes = true
	return check.Prepare(testInput(ws, w, o)).Judges()
}
