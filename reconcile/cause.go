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
//   - What a team or a member holds was never in a file before the first one that speaks of them: that
//     waits for an apply. Of a change in two steps both have the cause of the whole.
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
	// held and declared are about what of the account changes on both sides, by kind and key: that an
	// earlier file said what the account holds now, or said anything else of it than files do now.
	held, declared map[string]bool
	note           string // why that is not known for sure
}

func newAttribution(base *plan.Plan) *attribution {
	a := &attribution{base: map[string]plan.Change{}, touched: map[string]bool{}, held: map[string]bool{}, declared: map[string]bool{}}
	for _, c := range base.Wholes() {
		a.base[c.ID] = c
		a.touched[c.Kind+"/"+c.Key] = true
		if c.Replaces != "" {
			a.touched[c.Kind+"/"+c.Replaces] = true
		}
	}
	return a
}

// asking are the changes that earlier files can say something about, by kind and key.
type asking map[string]plan.Change

// idOf is the same for everything that speaks of one role, team or member.
func idOf(kind, key string) string {
	if kind == plan.KindMember {
		key = role.FoldEmail(key)
	}
	return kind + "/" + key
}

// look asks the earlier files about every change that they can say something about, and stops as
// soon as nothing is left to ask.
func (a *attribution) look(p *plan.Plan, earlier iter.Seq2[[]byte, error]) {
	asked := asking{}
	for _, c := range p.Wholes() {
		switch {
		case !a.onBase(c) || c.Action != plan.Update && c.Action != plan.Delete:
		case c.Before != nil:
			asked[idOf(c.Kind, c.Before.Key)] = c
		case c.Holder != nil:
			asked[idOf(c.Kind, c.Key)] = c
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

// take looks at one earlier file, and takes out of asked what it answers for.
func (a *attribution) take(data []byte, asked asking) {
	said, _ := manifest.Read("earlier.yaml", data) // whatever else is wrong with it
	for _, d := range said.Roles {
		id := idOf(plan.KindRole, d.Key)
		if c, open := asked[id]; open && !d.Absent {
			a.found(asked, id, saysRole(d, c.Before.Role))
		}
	}
	for _, d := range said.Teams {
		id := idOf(plan.KindTeam, d.Key)
		if c, open := asked[id]; open && !saysTeam(d, c.Holder.Team.After) {
			a.found(asked, id, saysTeam(d, c.Holder.Team.Before.Team))
		}
	}
	for _, d := range said.Members {
		id := idOf(plan.KindMember, d.Email)
		if c, open := asked[id]; open && !saysMember(d, c.Holder.Member.After) {
			a.found(asked, id, saysMember(d, c.Holder.Member.Before.Member))
		}
	}
}

// found notes what an earlier file said of something: what the account holds, or something else.
func (a *attribution) found(asked asking, id string, held bool) {
	a.declared[id] = true
	if held {
		a.held[id] = true
		delete(asked, id)
	}
}

// saysRole reports whether a file wants a role to be as it is.
func saysRole(d role.Desired, is role.Role) bool {
	if d.ResourceCategory == "" {
		d.ResourceCategory = is.ResourceCategory // not said means left alone
	}
	return role.Equal(d.Role, is)
}

// saysTeam reports whether a file wants a team to be as it is. What it does not speak of is as it is.
func saysTeam(d role.DesiredTeam, is role.Team) bool {
	return agrees(d.Name, is.Name) && agrees(d.Description, is.Description) && gives(d.CustomRoles, d.RoleAttributes, is.CustomRoles, is.RoleAttributes)
}

// saysMember is saysTeam for a member.
func saysMember(d role.DesiredMember, is role.Member) bool {
	return agrees(d.Role, is.Role) && gives(d.CustomRoles, d.RoleAttributes, is.CustomRoles, is.RoleAttributes)
}

func agrees(wanted *string, is string) bool { return wanted == nil || *wanted == is }

func gives(wanted *[]role.Assignment, values *role.Attributes, roles []string, attributes role.Attributes) bool {
	w, is := role.Member{CustomRoles: keysOf(wanted)}.Normal(), role.Member{CustomRoles: roles}.Normal()
	return (wanted == nil || slices.Equal(w.CustomRoles, is.CustomRoles)) && (values == nil || values.Equal(attributes))
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
	case c.Action == plan.Create, c.Action == plan.Replace, a.held[idOf(c.Kind, c.Key)]:
		return plan.AlreadyPending, false
	case a.note != "":
		return "", false
	case (c.Action == plan.Delete && c.Declared != nil || c.Holder != nil) && !a.declared[idOf(c.Kind, c.Key)]:
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
