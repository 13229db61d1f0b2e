package reconcile

import (
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

// A reviewer asks of every change: is it this pull request that makes it? Three versions answer: the
// files, the files at the base, and the account. Both files are planned against the same reading of
// the account. A change that both plans have is not this one's doing: either the base's files were
// never applied, or somebody edited the account. If the account still is where an earlier version
// of the base's files was, it waits for an apply; otherwise it has drifted.
//
// What cannot be told apart:
//   - A role that the account does not have counts as not created yet, even if somebody deleted it
//     there: the account keeps no trace. A replace has not been made for the same reason.
//   - A role that was made by hand and then declared otherwise in its first file counts as drift,
//     since no file ever said what the account holds.
//   - A role that somebody put back by hand to exactly what an earlier file said waits for an apply.
//   - A role that is where files were before all that Earlier gives (the last 1,000 commits that
//     changed the workspace, as package git reads it) counts as drift.
//   - What a team or a member holds otherwise on both sides has no cause: earlier files are asked about
//     roles alone.
//   - A tombstone or a new key of a role that no file ever declared waits for an apply; pruning it
//     is drift, since it can only have been made by hand.

// Base is the state of the files that a plan's changes are attributed by.
type Base struct {
	Commit string // in full
	// Workspace is what the files said there; nil if the commit does not hold the workspace, so that
	// everything is new.
	Workspace *manifest.Workspace
	// Unread says why Workspace could not be relied on; then no cause is told. "" if it can be.
	Unread string
	// Earlier gives the contents of role files before the commit, newest first. An error is that
	// there was more and it cannot be read. It is asked only if a change needs it.
	Earlier iter.Seq2[[]byte, error]
}

// LoadBase reads the workspace as src, the base's commit, holds it. Files with errors make a base
// without causes, no error: what is wrong was wrong before, and is not the plan's to report.
func LoadBase(commit string, src manifest.Source, o manifest.Options) (*Base, error) {
	b := &Base{Commit: commit}
	ws, findings, err := manifest.LoadFrom(src, o)
	if _, none := errors.AsType[*manifest.NoWorkspaceError](err); none {
		return b, nil
	}
	if err != nil {
		return nil, err
	}
	b.Workspace = ws
	if i := slices.IndexFunc(findings, func(f diag.Finding) bool { return f.Severity == diag.Error }); i >= 0 {
		b.Unread = fmt.Sprintf("the files of the base have errors (%s: %s)", findings[i].Pos, findings[i].Message)
	}
	return b, nil
}

// attribute tells the cause of every change of p, which was made from live with o.
func (b *Base) attribute(p *plan.Plan, live plan.Actual, o Options) {
	if b.Unread != "" {
		p.Attribute(b.Commit, b.Unread+", so that causes are not known", unknown)
		return
	}
	a := newAttribution(b.plan(live, o))
	a.look(p, b.Earlier)
	p.Attribute(b.Commit, a.note, a.cause)
}

func unknown(plan.Change) (plan.Cause, bool) { return "", false }

// plan is what the base's own files would change. What it does to access nobody asks.
func (b *Base) plan(live plan.Actual, o Options) *plan.Plan {
	if b.Workspace == nil {
		return &plan.Plan{}
	}
	o.Semantics = nil
	return plan.MakeAll(desired(b.Workspace), live, planOptions(b.Workspace, o))
}

// attribution is what the causes of one plan are told by.
type attribution struct {
	// base holds the changes that the base's files ask for, by ID; touched is everything in them, by
	// kind and key.
	base    map[string]plan.Change
	touched map[string]bool
	// held and declared are about the roles of the account that change on both sides: that an
	// earlier file said what the account holds now, or said anything of the role at all.
	held, declared map[string]bool
	note           string // why that is not known for sure
}

func newAttribution(base *plan.Plan) *attribution {
	a := &attribution{base: map[string]plan.Change{}, touched: map[string]bool{}, held: map[string]bool{}, declared: map[string]bool{}}
	for _, c := range base.Changes {
		a.base[c.ID] = c
		a.touched[c.Kind+"/"+c.Key] = true
		if c.Replaces != "" {
			a.touched[c.Kind+"/"+c.Replaces] = true
		}
	}
	return a
}

// look asks the earlier files about every change that they can say something about, and stops as
// soon as nothing is left to ask.
func (a *attribution) look(p *plan.Plan, earlier iter.Seq2[[]byte, error]) {
	asked := map[string]role.Role{}
	for _, c := range p.Changes {
		if c.Before != nil && a.onBase(c) && (c.Action == plan.Update || c.Action == plan.Delete) {
			asked[c.Before.Key] = c.Before.Role
		}
	}
	if len(asked) == 0 || earlier == nil {
		return
	}
	for data, err := range earlier {
		if err != nil {
			a.note = err.Error() + ", so that not every change can be told to be pending or drift" + hintOf(err)
			return
		}
		if a.take(data, asked); len(asked) == 0 {
			return
		}
	}
}

// take looks at one earlier file, and takes those roles out of asked that it answers for.
func (a *attribution) take(data []byte, asked map[string]role.Role) {
	roles, _ := manifest.Check("earlier.yaml", data) // whatever else is wrong with it
	for _, d := range roles {
		there, open := asked[d.Key]
		if !open || d.Absent {
			continue
		}
		a.declared[d.Key] = true
		if d.ResourceCategory == "" {
			d.ResourceCategory = there.ResourceCategory // not said means left alone
		}
		if role.Equal(d.Role, there) {
			a.held[d.Key] = true
			delete(asked, d.Key)
		}
	}
}

// onBase reports whether the base's files ask for exactly this change too.
func (a *attribution) onBase(c plan.Change) bool {
	b, found := a.base[c.ID]
	return found && b.BeforeDigest == c.BeforeDigest && b.AfterDigest == c.AfterDigest
}

func (a *attribution) cause(c plan.Change) (cause plan.Cause, alsoOnBase bool) {
	switch {
	case !a.onBase(c):
		return plan.ThisChange, a.touched[c.Kind+"/"+c.Key] || a.touched[c.Kind+"/"+c.Replaces]
	case c.Action == plan.Create, c.Action == plan.Replace, c.Kind == plan.KindRole && a.held[c.Key]:
		return plan.AlreadyPending, false
	case a.note != "", c.Kind != plan.KindRole:
		return "", false // no earlier files are asked about teams and members
	case c.Action == plan.Delete && c.Declared != nil && !a.declared[c.Key]:
		return plan.AlreadyPending, false
	}
	return plan.Drift, false
}

// hintOf returns what an error says to do about itself, as the end of a sentence.
func hintOf(err error) string {
	h, ok := errors.AsType[interface {
		error
		Hint() string
	}](err)
	if !ok {
		return ""
	}
	return "; " + h.Hint()
}

// live returns the roles that an account would hold to which the base was applied, and nothing else.
func (b *Base) live() []role.Live {
	var live []role.Live
	if b.Workspace == nil {
		return live
	}
	for _, d := range b.Workspace.Roles {
		managed, _ := b.Workspace.Config.Manage.Roles.Covers(d.Key)
		if managed && !d.Absent {
			live = append(live, role.Live{Role: d.Role})
		}
	}
	return live
}

// holds is what an account would hold to which the base was applied, and nothing else.
func (b *Base) holds() plan.Actual {
	held := plan.Actual{Roles: b.live()}
	if b.Workspace == nil {
		return held
	}
	for _, d := range b.Workspace.Teams {
		held.Teams = append(held.Teams, role.LiveTeam{Team: asTeam(d)})
	}
	for _, d := range b.Workspace.Members {
		held.Members = append(held.Members, role.LiveMember{ID: plan.OfflineID, Member: asMember(d)})
	}
	return held
}

// said returns what a file says of a field, or nothing.
func said[T any](field *T) (value T) {
	if field != nil {
		value = *field
	}
	return value
}

func keysOf(given *[]role.Assignment) []string {
	keys := []string{}
	for _, a := range said(given) {
		keys = append(keys, a.Role)
	}
	return keys
}

// PlanOffline returns what the files change against those of the base, without any account: what
// the base says stands in for it. The plan says so, and is never applied.
func PlanOffline(ws *manifest.Workspace, base *Base, o Options) (*plan.Plan, error) {
	if base.Unread != "" {
		return nil, fmt.Errorf("%s, so that there is nothing to compare with", base.Unread)
	}
	made := planOptions(ws, o)
	made.Source.Offline = true
	p := plan.MakeAll(desired(ws), base.holds(), made)
	p.Attribute(base.Commit, "", func(plan.Change) (plan.Cause, bool) { return plan.ThisChange, false })
	return p, nil
}
