package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/role"
)

// Who "nobody", "somebody", "noOneBoth" and "noEscalation" are about.
//
// In an account it is everybody: each member with all that the member holds, and each team for who
// may join it. From files alone it is each role, as those hold it that the files give it to, or with
// any role attributes where they give it to none; as roles only ever add up, nobody can do by two
// roles what neither lets him do if he could view every project.

// everybody returns whom a test is about that leaves some out.
func (w *world) everybody(e role.TestExcept, together bool) (list []*subject, notes []string) {
	out := newExcepted(e)
	if w.account {
		return w.inAccount(out), nil
	}
	list, notes = w.inFiles(out)
	if together {
		list = append(list, w.declaredHolders(out)...)
		notes = append(notes, "who is in several teams is not known from files alone")
	}
	return list, notes
}

// excepted are those who are left out.
type excepted struct{ roles, teams, members map[string]bool }

func newExcepted(e role.TestExcept) excepted {
	set := func(list []role.TestText, form func(string) string) map[string]bool {
		found := map[string]bool{}
		for _, t := range list {
			found[form(t.Text)] = true
		}
		return found
	}
	same := func(s string) string { return s }
	return excepted{set(e.Roles, same), set(e.Teams, same), set(e.Members, role.FoldEmail)}
}

func (x excepted) covers(h held) bool { return x.roles[h.key] || h.team != "" && x.teams[h.team] }

// leave takes out of a subject what does not count. It still lets projects be viewed.
func (x excepted) leave(s *subject) *subject {
	for _, h := range s.held {
		if x.covers(h) {
			s.outside = append(s.outside, h)
		}
	}
	s.held = slices.DeleteFunc(s.held, x.covers)
	return s
}

// inAccount returns everybody in an account; those who hold the same are one.
func (w *world) inAccount(out excepted) []*subject {
	m := merger{world: w}
	for _, member := range w.members {
		if !out.members[role.FoldEmail(member.Email)] {
			m.add(out.leave(w.ofMember(member)))
		}
	}
	for _, key := range w.teamKeys {
		s := w.ofTeam(key)
		s.given = false
		if s = out.leave(s); len(s.held) > 0 {
			m.add(s)
		}
	}
	return m.list
}

// inFiles returns one subject for each way in which files give a role.
func (w *world) inFiles(out excepted) ([]*subject, []string) {
	m, notes := merger{world: w}, []string{}
	given := map[string]bool{}
	for _, s := range w.declaredHolders(excepted{}) {
		for _, h := range s.held {
			given[h.key] = given[h.key] || !h.base
		}
	}
	for _, s := range w.declaredHolders(out) {
		for _, h := range s.held {
			if w.find(h) != nil {
				m.add(&subject{name: s.name, held: []held{h}, seat: s.seat, given: true, symbolic: s.symbolic})
			} else if h.key != unsaid {
				notes = append(notes, fmt.Sprintf("%s is given to %s, and no file declares it: what it grants is not known here", h.words(), s.name))
			}
		}
	}
	for _, key := range w.roleKeys() {
		if !given[key] && !out.roles[key] {
			m.add(ofRole(key, nil))
		}
	}
	return m.list, notes
}

// declaredHolders returns the teams and members of the files with what counts of them.
func (w *world) declaredHolders(out excepted) (list []*subject) {
	for _, key := range w.teamKeys {
		list = append(list, out.leave(w.ofTeam(key)))
	}
	for _, m := range w.members {
		if !out.members[role.FoldEmail(m.Email)] {
			list = append(list, out.leave(w.ofMember(m)))
		}
	}
	return slices.DeleteFunc(list, func(s *subject) bool { return len(s.held) == 0 })
}

// people returns the members who count for "somebody", and how many do not as their invitation is
// open.
func (w *world) people() (list []*subject, pending int) {
	m := merger{world: w}
	for _, member := range w.members {
		if member.Pending {
			pending++
			continue
		}
		s := w.ofMember(member)
		s.given, s.notes = false, nil
		m.add(s)
	}
	return m.list, pending
}

// A merger puts subjects together that hold the same.
type merger struct {
	*world
	list  []*subject
	index map[string]*subject
}

func (m *merger) add(s *subject) {
	s.names = []string{s.name}
	sign := m.sign(s)
	if first, found := m.index[sign]; found {
		first.names = append(first.names, s.name)
		return
	}
	if m.index == nil {
		m.index = map[string]*subject{}
	}
	m.index[sign] = s
	m.list = append(m.list, s)
}

// sign is the same for subjects that hold the same.
func (m *merger) sign(s *subject) string {
	var parts []string
	for i, list := range [][]held{s.held, s.outside} {
		for _, h := range list {
			parts = append(parts, fmt.Sprintf("%d %s", i, m.signHeld(h, s.symbolic)))
		}
	}
	slices.Sort(parts)
	return fmt.Sprint(s.given, s.symbolic, slices.Compact(parts))
}

func (m *merger) signHeld(h held, symbolic bool) string {
	k := m.find(h)
	if k == nil {
		return fmt.Sprintf("unknown %q %v", h.key, h.base)
	}
	text := fmt.Sprintf("%q %v", h.key, h.base)
	for _, name := range k.uses {
		text += fmt.Sprintf(" %q=%q", name, h.attributes.Normal()[name])
	}
	if symbolic && len(k.uses) > 0 {
		text += h.team
	}
	return text
}

// checkExcept looks for names that are nobody's. From files alone it is only a mistake if another
// one is near: an account has more than its files.
func (w *world) checkExcept(e role.TestExcept) (*mistake, diag.Position, []string) {
	var notes []string
	emails, teams, roles := []string{}, w.teamKeys, w.roleKeys()
	for _, m := range w.members {
		emails = append(emails, m.Email)
	}
	for base := range w.bases {
		roles = append(roles, base)
	}
	slices.Sort(roles)
	for _, c := range []struct {
		what  string
		list  []role.TestText
		known []string
	}{{"role", e.Roles, roles}, {"team", e.Teams, teams}, {"member", e.Members, emails}} {
		for _, t := range c.list {
			if slices.ContainsFunc(c.known, func(k string) bool { return k == t.Text || c.what == "member" && strings.EqualFold(k, t.Text) }) {
				continue
			}
			near := diag.Nearest(t.Text, c.known)
			if w.account || near != "" {
				return mistakef(didYouMean(near), "\"except\" names %s %q, which %s", c.what, t.Text, w.lacks()), diag.Position{Line: t.Line, Column: t.Column}, nil
			}
			notes = append(notes, fmt.Sprintf("no file declares %s %q", c.what, t.Text))
		}
	}
	return nil, diag.Position{}, notes
}

func (w *world) lacks() string {
	if w.account {
		return "the account does not have"
	}
	return "no file declares"
}
