package plan

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/internal/pattern"
	"github.com/rolewright/rolewright/reconcile/role"
)

// Changes of who holds what. LaunchDarkly keeps with each team and each member the keys of its
// roles and one map of role attributes, and one write sets them all. So a change of a holder is one
// write, or two where one would have to take away before another holder has given: the first gives,
// the second takes away.

// The kinds of what a plan changes.
const (
	KindRole   = "role"
	KindTeam   = "team"
	KindMember = "member"
)

// HolderChange is what changes of a team or of a member.
type HolderChange struct {
	// Step is 1 for the first of two writes, which gives, 2 for the second, which takes away, and 0
	// for one that does all. The second starts from what the first leaves.
	Step int `json:"step,omitempty"`
	// One of Team and Member is there.
	Team   *TeamChange   `json:"team,omitempty"`
	Member *MemberChange `json:"member,omitempty"`
	// Roles is how the keys of the roles change; Attributes those role attributes whose values do.
	Roles      ListChange   `json:"roles"`
	Attributes []ListChange `json:"attributes"`
}

// TeamChange is a team before and after. Who is in it is left out; Before is nil where it is made.
type TeamChange struct {
	Before *role.LiveTeam `json:"before"`
	After  role.Team      `json:"after"`
}

// MemberChange is a member before and after.
type MemberChange struct {
	Before role.LiveMember `json:"before"`
	After  role.Member     `json:"after"`
}

// newTeamChange returns the change from before, nil for a team that is made, to after.
func newTeamChange(before *role.LiveTeam, after role.Team, step int) Change {
	t := &TeamChange{After: after.Normal()}
	c := Change{Action: Create, Kind: KindTeam, Key: after.Key, AfterDigest: after.Digest()}
	var from role.Team
	if before != nil {
		t.Before = savedTeam(*before)
		from = t.Before.Team
		c.Action, c.BeforeDigest = Update, before.Digest()
	}
	c.Fields = changedFields([]FieldChange{
		{"name", from.Name, after.Name},
		{"description", from.Description, after.Description},
	})
	return holderChange(c, &HolderChange{Step: step, Team: t})
}

// newMemberChange returns the change of a member from before to after.
func newMemberChange(before role.LiveMember, after role.Member, step int) Change {
	m := &MemberChange{Before: savedMember(before), After: after.Normal()}
	c := Change{Action: Update, Kind: KindMember, Key: before.Email, BeforeDigest: before.Digest(), AfterDigest: after.Digest()}
	c.Fields = changedFields([]FieldChange{{"role", before.Role, after.Role}})
	return holderChange(c, &HolderChange{Step: step, Member: m})
}

// holderChange fills in what follows from the holder before and after.
func holderChange(c Change, h *HolderChange) Change {
	before, after := h.grants()
	h.Roles = diffList("customRoles", before.roles, after.roles)
	h.Attributes = diffAttributes(before.attributes, after.attributes)
	c.Holder = h
	c.ID = string(c.Action) + "/" + c.Kind + "/" + c.Key + stepNames[h.Step]
	c.Statements = diffStatements(nil, nil)
	c.Phase = phaseOf(c)
	c.Risk = h.risks()
	return c
}

func changedFields(fields []FieldChange) []FieldChange {
	return slices.DeleteFunc(fields, func(f FieldChange) bool { return f.Before == f.After })
}

// savedTeam returns t as it stands in a plan: in normal form, without who is in it.
func savedTeam(t role.LiveTeam) *role.LiveTeam {
	t.Team = t.Team.Normal()
	t.Members, t.Version = []string{}, 0
	t.Extra = compacted(t.Extra)
	return &t
}

// savedMember returns m as it stands in a plan: in normal form, without the teams it is in.
func savedMember(m role.LiveMember) role.LiveMember {
	m.Member = m.Member.Normal()
	m.Teams, m.Version = []string{}, 0
	m.Strangers = nilIfEmpty(distinct(slices.Sorted(slices.Values(m.Strangers))))
	m.Extra = compacted(m.Extra)
	return m
}

// compacted returns extra, nil where there is none, so that it is the same after it was read back.
func compacted(extra map[string]json.RawMessage) map[string]json.RawMessage {
	if len(extra) == 0 {
		return nil
	}
	return maps.Clone(extra)
}

// diffAttributes lists the attributes whose values differ, by name.
func diffAttributes(before, after role.Attributes) []ListChange {
	list := []ListChange{}
	for _, name := range namesOf(before, after) {
		if c := diffList(name, before[name], after[name]); len(c.Added)+len(c.Removed) > 0 {
			list = append(list, c)
		}
	}
	return list
}

// namesOf returns the names in either map, sorted.
func namesOf(a, b role.Attributes) []string {
	names := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(names)
	return slices.Compact(names)
}

// grant is what a holder holds: roles, the values that fill their attributes, and a base role where
// that counts. A role is a unit here: what its policy says is not looked at.
type grant struct {
	roles      []string
	attributes role.Attributes
	base       string // "" where none counts
}

// grants returns what is held before and after.
func (h *HolderChange) grants() (before, after grant) {
	if h.Member != nil {
		b, a := h.Member.Before, h.Member.After
		return grantOf(b.Member, b.Strangers), grantOf(a, b.Strangers)
	}
	if b := h.Team.Before; b != nil {
		before = grant{roles: b.CustomRoles, attributes: b.RoleAttributes}
	}
	return before, grant{roles: h.Team.After.CustomRoles, attributes: h.Team.After.RoleAttributes}
}

// grantOf is what a member holds. Strangers are roles too, and no write takes them away.
func grantOf(m role.Member, strangers []string) grant {
	g := grant{m.CustomRoles, m.RoleAttributes, ""}
	if len(m.CustomRoles)+len(strangers) == 0 {
		g.base = m.Role
	}
	return g
}

// baseRoles are the base roles, each of which allows more than the one before.
var baseRoles = []string{role.NoAccess, role.Reader, "writer", "admin", "owner"}

// within reports whether b holds all that a does.
func (a grant) within(b grant) bool {
	for name, values := range a.attributes {
		if len(minus(values, b.attributes[name])) > 0 {
			return false
		}
	}
	return len(minus(a.roles, b.roles)) == 0 && baseWithin(a.base, b.base)
}

func baseWithin(a, b string) bool {
	at, in := slices.Index(baseRoles, a), slices.Index(baseRoles, b)
	return a == b || a == "" || a == role.NoAccess || at >= 0 && at <= in
}

// between returns what somebody may hold for a moment on the way from a to b: all of both. There is
// no such thing where that would come to more than the two. Roles and each attribute are the sides
// of a box, whose points are the roles with the values that fill them: the hull of two boxes is no
// more than the two if it differs from them in one side alone.
func (a grant) between(b grant) (hull grant, found bool) {
	sides := 0
	if len(minus(a.roles, b.roles))+len(minus(b.roles, a.roles)) > 0 {
		sides++
	}
	sides += len(diffAttributes(a.attributes, b.attributes))
	if sides != 1 || a.base != "" || b.base != "" {
		return grant{}, false
	}
	return a.hull(b), true
}

// hull returns all of both.
func (a grant) hull(b grant) grant {
	hull := grant{roles: slices.Concat(a.roles, b.roles), attributes: role.Attributes{}}
	for _, name := range namesOf(a.attributes, b.attributes) {
		hull.attributes[name] = slices.Concat(a.attributes[name], b.attributes[name])
	}
	return hull
}

// phaseOfHolder returns the phase in which a change of a holder is applied.
func phaseOfHolder(c Change) Phase {
	before, after := c.Holder.grants()
	switch {
	case c.Action == Create:
		return PhaseTeam
	case before.within(after):
		return PhaseAssign
	case after.within(before):
		return PhaseUnassign
	}
	return PhaseReassign
}

// inSteps returns the change as the one or two writes that it takes.
func inSteps(c Change) []Change {
	before, after := c.Holder.grants()
	hull, found := before.between(after)
	if c.Phase != PhaseReassign || !found {
		return []Change{c}
	}
	return halves(c, hull)
}

// halves returns the change of a holder as two writes, with the hull between them.
func halves(c Change, hull grant) []Change {
	if m := c.Holder.Member; m != nil {
		mid := m.After
		mid.CustomRoles, mid.RoleAttributes = hull.roles, hull.attributes
		first := newMemberChange(m.Before, mid, 1)
		return []Change{first, newMemberChange(first.Holder.memberLeft(), m.After, 2)}
	}
	t := c.Holder.Team
	mid := t.After
	mid.CustomRoles, mid.RoleAttributes = hull.roles, hull.attributes
	first := newTeamChange(t.Before, mid, 1)
	return []Change{first, newTeamChange(first.Holder.teamLeft(), t.After, 2)}
}

// memberLeft is the member as the account holds it after the change.
func (h *HolderChange) memberLeft() role.LiveMember {
	left := h.Member.Before
	left.Member = h.Member.After
	return left
}

// teamLeft is the team as the account holds it after the change.
func (h *HolderChange) teamLeft() *role.LiveTeam {
	left := *h.Team.Before
	left.Team = h.Team.After
	return &left
}

// leaves is the digest of what the account holds after the change.
func (h *HolderChange) leaves() string {
	if h.Member != nil {
		return h.memberLeft().Digest()
	}
	return h.teamLeft().Digest()
}

// risks says what is dangerous about a change, by its base role alone: what the roles allow is said
// where they are made.
func (h *HolderChange) risks() []Risk {
	before, after := h.grants()
	risks := []Risk{}
	if baseWithin(after.base, before.base) {
		return risks
	}
	r := Risk{"base", Medium, "the base role " + after.base + " counts, since no role is held directly"}
	if slices.Index(baseRoles, after.base) != slices.Index(baseRoles, role.Reader) {
		r.Level = High
	}
	return append(risks, r)
}

// memberID is what may stand in a URL as the id of a member.
var memberID = pattern.Lazy(`^[0-9a-zA-Z]{1,64}$`)

// contradiction returns what in the change of a holder does not fit its action and kind.
func (h *HolderChange) contradiction(c Change) string {
	switch {
	case h.Step < 0 || h.Step > 2:
		return "its step is neither of the two"
	case c.Step != 0:
		return "the step of a holder stands with the holder"
	case c.Before != nil || c.After != nil || c.Access != nil || c.Assigned != nil || c.RoleID != "":
		return "it is about a role and a holder at once"
	case c.Kind == KindMember:
		return h.memberContradiction(c)
	case h.Team == nil || h.Member != nil:
		return `kind "team" does not go with the holder`
	case (c.Action == Create) != (h.Team.Before == nil) || c.Action != Create && c.Action != Update:
		return "the action does not go with the team before"
	case h.Team.Before != nil && h.Team.Before.Key != h.Team.After.Key:
		return "the team has another key afterwards"
	case c.Action == Create && h.Step != 0:
		return "a team is made in one step"
	case role.CheckTeamKey(c.Key) != nil:
		return "the key cannot be that of a team"
	case h.Team.Before != nil && h.Team.Before.Synced:
		return "an identity provider owns the team"
	}
	return ""
}

func (h *HolderChange) memberContradiction(c Change) string {
	switch {
	case h.Member == nil || h.Team != nil:
		return `kind "member" does not go with the holder`
	case c.Action != Update:
		return "members are only updated"
	case h.Member.Before.Email != h.Member.After.Email:
		return "the member has another e-mail address afterwards"
	case !memberID().MatchString(h.Member.Before.ID):
		return "the id cannot be that of a member"
	case h.Member.Before.Synced:
		return "an identity provider owns the member"
	case h.Member.Before.Role != h.Member.After.Role && slices.Contains([]string{h.Member.Before.Role, h.Member.After.Role}, owner):
		return "the owner's base role never changes"
	case h.Member.Before.Role != h.Member.After.Role && !slices.Contains(baseRoles, h.Member.After.Role):
		return "the base role is unknown"
	}
	return ""
}

const owner = "owner"

// again makes the change of a holder anew from what stands before and after.
func (h *HolderChange) again() Change {
	if h.Member != nil {
		return newMemberChange(h.Member.Before, h.Member.After, h.Step)
	}
	return newTeamChange(h.Team.Before, h.Team.After, h.Step)
}

func quoted(s string) string { return `"` + strings.ReplaceAll(s, `"`, `\"`) + `"` }

// compareKinds orders roles before teams before members.
func compareKinds(a, b string) int {
	rank := []string{KindRole, KindTeam, KindMember}
	return cmp.Compare(slices.Index(rank, a), slices.Index(rank, b))
}
