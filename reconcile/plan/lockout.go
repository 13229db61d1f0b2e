package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/people"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// The lock-out guard. A plan must not take from people or from the token in use what it would take
// to go back: to edit roles, and to say who holds them. That is looked at after every step, since a
// run can end at any of them.

// TokenInUse stands for the token in [Lift.AllowLockout], which lists e-mail addresses otherwise.
const TokenInUse = "token"

// adminBoxes are what an administrator can do, all of it.
func adminBoxes() []access.Box {
	return []access.Box{box("updatePolicy", "role/*"), box("updateCustomRole", "member/*")}
}

// ownBoxes are what the token must not lose any part of.
func ownBoxes() []access.Box {
	return []access.Box{box("*", "role/*"), box("*", "member/*"), box("*", "team/*")}
}

func box(action, specifier string) access.Box {
	spec, err := policy.Parse(specifier)
	if err != nil {
		panic("plan: " + err.Error())
	}
	return access.Box{Actions: []string{action}, Specifier: spec}
}

// lockout looks at who can still administer the account, and at what the token in use can do, after
// each step that may matter to it.
func (m *making) lockout(actual Actual) []Block {
	touched := m.administering()
	steps := map[int]bool{}
	for i, c := range m.plan.Changes {
		if touched.by(c) {
			steps[i] = true
		}
	}
	if len(steps) == 0 {
		return nil
	}
	var watches []watch
	after := m.plan.Walk(actual, nil)
	if actual.People {
		watches = append(watches, newAdminWatch(m, actual, after))
	} else {
		why := "who is in the account is not known"
		if actual.PeopleErr != nil {
			why = actual.PeopleErr.Error()
		}
		m.unchecked("whether enough people can still edit roles and members", why)
	}
	if w, why := newTokenWatch(m, actual, after); w != nil {
		watches = append(watches, w)
	} else if why != "" {
		m.unchecked("whether the token in use keeps what it may do with roles, members and teams", why)
	}
	m.plan.Walk(actual, func(i int, c Change, now Actual) {
		for _, w := range watches {
			if steps[i] {
				w.look(c, now.Account())
			}
		}
	})
	var blocks []Block
	for _, w := range watches {
		blocks = append(blocks, w.blocks()...)
	}
	return blocks
}

// unchecked notes what a guard could not look at.
func (m *making) unchecked(what, why string) {
	m.plan.Unchecked = append(m.plan.Unchecked, what+": "+why)
}

// A watch looks at an account step by step.
type watch interface {
	look(c Change, now people.Account)
	blocks() []Block
}

// administering finds the roles that say something about roles, members or teams, before or after.
type administering struct {
	m     *making
	after map[string][]role.Statement // of the roles that change
	known map[string]bool
}

func (m *making) administering() administering {
	a := administering{m, map[string][]role.Statement{}, map[string]bool{}}
	for _, c := range m.plan.Changes {
		if c.After != nil {
			a.after[c.Key] = c.After.Policy
		}
	}
	return a
}

// role reports whether the role of that key may have to do with roles, members or teams.
func (a administering) role(key string) bool {
	if _, done := a.known[key]; !done {
		l := a.m.live[key]
		a.known[key] = slices.ContainsFunc([][]role.Statement{l.Policy, l.PresetStatements, a.after[key]}, reachesPeople)
	}
	return a.known[key]
}

// by reports whether a change can move what somebody may do with roles, members and teams.
func (a administering) by(c Change) bool {
	if c.Holder == nil {
		return a.role(c.Key)
	}
	before, after := c.Holder.grants()
	return before.base != after.base || slices.ContainsFunc(slices.Concat(before.roles, after.roles), a.role)
}

// reachesPeople reports whether a policy may speak of roles, members or teams: it looks for what
// rules that out.
func reachesPeople(statements []role.Statement) bool {
	elsewhere := func(text string) bool {
		typ, _, _ := strings.Cut(text, "/")
		return strings.Trim(typ, "abcdefghijklmnopqrstuvwxyz-") == "" && !slices.Contains([]string{KindRole, KindTeam, KindMember}, typ)
	}
	return slices.ContainsFunc(statements, func(s role.Statement) bool {
		return len(s.NotResources) > 0 || slices.ContainsFunc(s.Resources, func(text string) bool { return !elsewhere(text) })
	})
}

// An adminWatch counts who can administer the account.
type adminWatch struct {
	m      *making
	census *people.Census
	// enough is the answer that makes an administrator.
	enough []string
	start  []string // who could, at the start
	found  []Block
}

func newAdminWatch(m *making, before, after Actual) *adminWatch {
	w := &adminWatch{m: m, enough: []string{access.SaysYes}}
	w.census = people.NewCensus(adminBoxes(), people.Options{Semantics: *m.opts.Semantics}, before.Account(), after.Account())
	w.start = w.able(before.Account())
	if len(w.start) == 0 { // where nobody can edit all roles, those who can edit some count
		w.enough = append(w.enough, access.SaysPartly)
		w.start = w.able(before.Account())
	}
	return w
}

func (w *adminWatch) able(a people.Account) (emails []string) {
	for _, s := range w.census.Count(a) {
		if slices.Contains(w.enough, s.Answer) {
			emails = append(emails, s.Email)
		}
	}
	return emails
}

// look blocks the plan if too few are left, at the first step where they are. Who was too few before
// is no concern as long as nobody goes.
func (w *adminWatch) look(c Change, now people.Account) {
	left := w.able(now)
	var gone []string
	for _, email := range minus(w.start, left) {
		if !slices.ContainsFunc(w.m.opts.Lift.AllowLockout, func(allowed string) bool { return strings.EqualFold(allowed, email) }) {
			gone = append(gone, email)
		}
	}
	least := w.m.opts.Guards.MinAdmins
	if len(w.found) > 0 || len(gone) == 0 || len(left) >= least {
		return
	}
	slices.Sort(gone)
	w.found = []Block{{
		Guard: GuardLockout, Keys: gone, Flag: "--allow-lockout " + strings.Join(gone, ","),
		Message: fmt.Sprintf("%s leaves %s who can edit roles and members, minAdmins is %d: %s could until then",
			stepName(c), count(len(left), "member"), least, someOf(gone)),
	}}
}

func (w *adminWatch) blocks() []Block { return w.found }

// stepName names a change in the middle of a plan: `the update of role "ops"`.
func stepName(c Change) string {
	text := fmt.Sprintf("the %s of %s %q", c.Action, c.Kind, c.Key)
	if c.Kind == KindMember {
		text = fmt.Sprintf("the %s of member %s", c.Action, c.Key)
	}
	if c.Holder != nil && c.Holder.Step > 0 {
		text += []string{"", " (first what comes)", " (then what goes)"}[c.Holder.Step]
	}
	return text
}

// someOf lists the first of many.
func someOf(list []string) string {
	const most = 5
	if n := len(list) - most; n > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), n)
	}
	return strings.Join(list, ", ")
}

// A tokenWatch looks at what the token in use may do with roles, members and teams.
type tokenWatch struct {
	m      *making
	engine *access.Engine
	ledger *people.Ledger
	whole  access.Region
	// who are what the token is limited to; each must keep what it had at the start.
	who   []tokenHolder
	seen  map[string]string // a request that is lost, by start and now
	found []Block
}

// A tokenHolder is the token, with what it was given for itself, or the member to whom it belongs.
type tokenHolder struct {
	member role.LiveMember
	inline *role.Live
	email  string
	start  people.Holding
}

// newTokenWatch returns nil if nothing is known of the token, and then why it should be.
func newTokenWatch(m *making, before, after Actual) (watch, string) {
	caller := before.Caller
	switch {
	case caller == nil:
		return nil, ""
	case !caller.Known && (caller.MemberID == "" || !before.People), caller.OfMember() && !before.People:
		return nil, cmp.Or(caller.Why, "what it may do could not be read")
	}
	w := &tokenWatch{m: m, engine: access.New(*m.opts.Semantics, access.Budget{}), seen: map[string]string{}}
	w.ledger = people.NewLedger(people.Options{Semantics: *m.opts.Semantics}, before.Account(), after.Account())
	whole := ownBoxes()
	w.whole = w.engine.Box(whole[0])
	for _, b := range whole[1:] {
		w.whole = w.whole.Or(w.engine.Box(b))
	}
	w.who = holdersOf(*caller, before)
	for i := range w.who {
		w.who[i].start = w.holding(w.who[i], before.Account())
	}
	return w, ""
}

// holdersOf returns what a token is limited to: what it was given, and what its member holds. Whether
// LaunchDarkly lets a personal token do more than its member is not known, so both count.
func holdersOf(c role.Caller, a Actual) []tokenHolder {
	var list []tokenHolder
	if c.Known && (c.BaseRole != "" || len(c.CustomRoles) > 0 || len(c.Inline) > 0) {
		own := role.LiveMember{Member: role.Member{Email: TokenInUse, Role: cmp.Or(c.BaseRole, role.NoAccess), CustomRoles: slices.Clone(c.CustomRoles)}}
		h := tokenHolder{member: NameRoles([]role.LiveMember{own}, a.Roles)[0]}
		if len(c.Inline) > 0 {
			h.inline = &role.Live{Role: role.Role{Key: inlineRole, BasePermissions: role.NoAccess, Policy: c.Inline}}
			h.member.CustomRoles = append(h.member.CustomRoles, inlineRole)
		}
		list = append(list, h)
	}
	i := slices.IndexFunc(a.Members, func(m role.LiveMember) bool { return m.ID == c.MemberID && c.MemberID != "" })
	if i >= 0 {
		list = append(list, tokenHolder{email: a.Members[i].Email})
	}
	return list
}

// inlineRole is no key that a role can have.
const inlineRole = "(inline role of the token)"

func (w *tokenWatch) holding(h tokenHolder, a people.Account) people.Holding {
	if h.email != "" {
		return w.ledger.Page(a).Of(people.Who{Email: h.email})
	}
	if h.inline != nil {
		a.Roles = append(slices.Clip(a.Roles), *h.inline)
	}
	return w.ledger.Page(a).OfMember(h.member)
}

func (w *tokenWatch) look(c Change, now people.Account) {
	if len(w.found) > 0 || slices.Contains(w.m.opts.Lift.AllowLockout, TokenInUse) {
		return
	}
	for _, h := range w.who {
		if lost := w.lost(h.start, w.holding(h, now)); lost != "" {
			w.found = []Block{{
				Guard: GuardLockout, Keys: []string{TokenInUse}, Flag: "--allow-lockout " + TokenInUse,
				Message: fmt.Sprintf("%s takes from the token in use what it could do until then: %s", stepName(c), lost),
			}}
			return
		}
	}
}

// lost returns a request that could be made and no longer can, "" if there is none.
func (w *tokenWatch) lost(start, now people.Holding) string {
	name := start.Name() + "\n" + now.Name()
	text, known := w.seen[name]
	if !known {
		d := w.engine.Compare(start.Subject(), now.Subject())
		x, answer := d.Lost.And(w.whole).Example()
		switch {
		case answer == access.Yes:
			text = x.Request.String()
		case answer == access.Undecided || len(d.Undecided) > 0:
			text = "that could not be decided"
		}
		w.seen[name] = text
	}
	return text
}

func (w *tokenWatch) blocks() []Block { return w.found }
