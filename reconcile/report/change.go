package report

import (
	"fmt"

	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

// verb is how an action is drawn and spoken of.
type verb struct {
	symbol, plain, past string
	tone                tone
}

func verbOf(a plan.Action) verb {
	switch a {
	case plan.Create:
		return verb{"+", "create", "created", grants}
	case plan.Update:
		return verb{"~", "update", "updated", edits}
	case plan.Delete:
		return verb{"-", "delete", "deleted", takes}
	case plan.Replace:
		return verb{"±", "replace", "replaced", replaces}
	}
	return verb{"?", "change", "changed", neutral}
}

// nameOf returns the name that the changed role has afterwards, or had if it goes.
func nameOf(c plan.Change) string {
	switch {
	case c.After != nil:
		return c.After.Name
	case c.Before != nil:
		return c.Before.Name
	case c.Holder != nil && c.Holder.Team != nil:
		return c.Holder.Team.After.Name
	}
	return ""
}

// holding says who holds the role that a change is about. A new role is held by nobody yet, so a
// replace speaks of the old one.
func holding(c plan.Change) string {
	h := held(c.Assigned)
	if c.Action == plan.Replace && h != "" {
		return Terminal(item(c.Replaces)) + " is " + h
	}
	return h
}

// held says who holds a role; "" if that is not known.
func held(a *role.Assigned) string {
	switch {
	case a == nil:
		return ""
	case a.None():
		return "held by nobody"
	}
	return "held by " + holders(*a)
}

func holders(a role.Assigned) string {
	return tallied(tally{a.Members, plural(a.Members, "member")}, tally{a.Teams, plural(a.Teams, "team")})
}

func place(d *plan.Declared) string {
	switch {
	case d == nil:
		return ""
	case d.Line == 0:
		return d.File
	}
	return fmt.Sprintf("%s:%d", d.File, d.Line)
}

// summary is the counted sentence of a plan.
func summary(s plan.Summary) string {
	words := fmt.Sprintf("%d to create, %d to update, %d to delete, %d to replace",
		s.Create, s.Update, s.Delete, s.Replace)
	return words + andThen(", ", holdersChange(s))
}

// noteGroup is the notes that share a reason, so that it is said once.
type noteGroup struct {
	reason string
	notes  []plan.Note
}

// byReason groups notes by reason, in the order in which the reasons come up.
func byReason(notes []plan.Note) []noteGroup {
	var groups []noteGroup
	place := map[string]int{}
	for _, n := range notes {
		i, seen := place[n.Reason]
		if !seen {
			i = len(groups)
			place[n.Reason] = i
			groups = append(groups, noteGroup{reason: n.Reason})
		}
		groups[i].notes = append(groups[i].notes, n)
	}
	return groups
}

// stateOf returns what a plan amounts to, in the words of its last line.
func stateOf(p *plan.Plan) string {
	switch {
	case !p.Complete:
		return "This plan is not complete and cannot be applied."
	case p.Summary.Total() > 0:
		return fmt.Sprintf("Plan: %s; %d unchanged", summary(p.Summary), p.Unchanged)
	case len(p.Skipped) > 0:
		return fmt.Sprintf("No changes can be made now: %d skipped, %d unchanged", len(p.Skipped), p.Unchanged)
	case len(p.Blocks) > 0:
		return fmt.Sprintf("No changes; %d unchanged", p.Unchanged)
	}
	return fmt.Sprintf("No changes. The account matches the files (%s).", matching(p))
}

// matching counts what is as the files want it.
func matching(p *plan.Plan) string {
	words := count(p.Unchanged, "role")
	if p.UnchangedHolders > 0 {
		words += fmt.Sprintf(", %d of teams and members", p.UnchangedHolders)
	}
	return words
}

// target names the account that something is about: "production (app.launchdarkly.com)".
func target(t plan.Target) string {
	name, host := Terminal(t.Name), Terminal(t.Host)
	switch {
	case name == "":
		return host
	case host == "":
		return name
	}
	return name + " (" + host + ")"
}
