package report

// What a plan says of teams and members, in the words of text and Markdown.

import (
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/plan"
)

// holderRows returns what a holder gets and loses: roles, then the values of each role attribute.
func holderRows(h *plan.HolderChange) []row {
	if h == nil {
		return nil
	}
	rows := heldRows("customRoles", h.Roles)
	for _, l := range h.Attributes {
		rows = append(rows, heldRows(Terminal(item(l.Name)), l)...)
	}
	if effect := baseEffect(h); effect != "" {
		rows = append(rows, row{mark: '~', tone: edits, label: "base role", words: []string{effect + " (" + Terminal(item(h.Member.After.Role)) + ")"}})
	}
	return rows
}

// heldRows shows what goes over what comes, then how much stays.
func heldRows(label string, l plan.ListChange) []row {
	var rows []row
	if len(l.Removed) > 0 {
		rows = append(rows, listRow('-', takes, "", l.Removed))
	}
	if len(l.Added) > 0 {
		rows = append(rows, listRow('+', grants, "", l.Added))
	}
	for i := range rows {
		rows[i].label = label
	}
	if l.Kept > 0 && len(rows) > 0 {
		rows = append(rows, row{mark: ' ', tone: dim, label: label, words: []string{count(l.Kept, "other") + " unchanged"}})
	}
	return rows
}

// holderVerdict says what a change does to what a holder holds, as far as the roles go.
func holderVerdict(c plan.Change) string {
	gets, loses := heldMoves(c)
	switch {
	case c.Action == plan.Create:
		return "nobody is in it yet"
	case c.Phase == plan.PhaseReassign, gets && loses:
		return "gets and loses"
	case gets:
		return "gets"
	case loses:
		return "loses"
	}
	return "holds the same"
}

// baseEffect says what becomes of a member's base role, which counts only while no role is held
// directly; "" where it is no matter.
func baseEffect(h *plan.HolderChange) string {
	if h == nil || h.Member == nil {
		return ""
	}
	before, after := h.Member.Before, h.Member.After
	counted := len(before.CustomRoles)+len(before.Strangers) == 0
	counts := len(after.CustomRoles)+len(before.Strangers) == 0
	switch {
	case counts && !counted:
		return "the base role counts from then on"
	case counted && !counts:
		return "the base role counts no longer"
	case !counts && before.Role != after.Role:
		return "the base role does not count while roles are held"
	}
	return ""
}

// heldMoves reports whether anything comes, and whether anything goes. A base role that counts before
// and after comes or goes as the phase says.
func heldMoves(c plan.Change) (gets, loses bool) {
	for _, l := range append([]plan.ListChange{c.Holder.Roles}, c.Holder.Attributes...) {
		gets, loses = gets || len(l.Added) > 0, loses || len(l.Removed) > 0
	}
	m := c.Holder.Member
	if m == nil || len(m.Before.CustomRoles)+len(m.Before.Strangers)+len(m.After.CustomRoles) > 0 || m.Before.Role == m.After.Role {
		return gets, loses
	}
	return gets || c.Phase == plan.PhaseAssign, loses || c.Phase == plan.PhaseUnassign
}

// holderRank puts what takes and gives before what gives, and that before what takes.
func holderRank(c *plan.Change) rank {
	gets, loses := heldMoves(*c)
	switch {
	case c.Action == plan.Create:
		return neutralRank
	case c.Phase == plan.PhaseReassign || gets && loses:
		return mixed
	case gets:
		return gaining
	case loses:
		return losing
	}
	return neutralRank
}

// holderCell says what changes of a holder: "update: gets `ops`, loses `dev`, `projects`: `web` → `app`".
func holderCell(c plan.Change) string {
	var parts []string
	add := func(lead string, keys []string) {
		if len(keys) > 0 {
			parts = append(parts, lead+" "+strings.Join(elideList(keyCells(keys), longest), ", "))
		}
	}
	add("gets", c.Holder.Roles.Added)
	add("loses", c.Holder.Roles.Removed)
	for _, l := range c.Holder.Attributes {
		name := MarkdownCell(l.Name)
		add(name+" gets", l.Added)
		add(name+" loses", l.Removed)
	}
	for _, f := range c.Fields {
		if f.Field == "role" {
			parts = append(parts, "base role "+cellOr(f.Before)+" → "+cellOr(f.After))
			continue
		}
		parts = append(parts, fieldWord(f.Field))
	}
	if effect := baseEffect(c.Holder); effect != "" {
		parts = append(parts, effect)
	}
	return verbOf(c.Action).plain + andThen(": ", strings.Join(parts, "; "))
}

func keyCells(keys []string) []string {
	out := make([]string, len(keys))
	for i, k := range keys {
		out[i] = MarkdownCell(k)
	}
	return out
}

// isHolder reports whether a kind is not that of a role; any unknown kind is data, and taken as one.
func isHolder(kind string) bool { return kind == plan.KindTeam || kind == plan.KindMember }

// kindLead is what stands before the key of a team or a member.
func kindLead(kind string) string {
	if isHolder(kind) {
		return kind + " "
	}
	return ""
}

// countKinds counts notes: "3 roles", "1 team, 2 members".
func countKinds(notes []plan.Note) string {
	teams, members := len(ofKind(notes, plan.KindTeam)), len(ofKind(notes, plan.KindMember))
	if teams+members == 0 {
		return count(len(notes), "role")
	}
	roles := len(notes) - teams - members
	return tallied(tally{roles, plural(roles, "role")}, tally{teams, plural(teams, "team")}, tally{members, plural(members, "member")})
}

func ofKind(notes []plan.Note, kind string) []plan.Note {
	return slices.DeleteFunc(slices.Clone(notes), func(n plan.Note) bool { return n.Kind != kind })
}

// holdersChange counts the teams and members that change: "1 team and 2 members to change".
func holdersChange(s plan.Summary) string {
	words := tallied(tally{s.Teams, plural(s.Teams, "team")}, tally{s.Members, plural(s.Members, "member")})
	if words == "" {
		return ""
	}
	return strings.Replace(words, ", ", " and ", 1) + " to change"
}

// holds reports whether a plan has changes of teams or members.
func (m *model) holds() bool {
	return slices.ContainsFunc(m.entries, func(e entry) bool { return isHolder(e.change.Kind) })
}
