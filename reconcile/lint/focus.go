package lint

import (
	"slices"

	"github.com/rolewright/rolewright/reconcile/people"
	"github.com/rolewright/rolewright/reconcile/role"
)

// Focus says what changes, where only that is to be judged: Input.Files are then the files of what
// changes, and Input.People is the whole account as the change leaves it. Without a focus everything is
// judged.
//
// Who holds nothing that changes can do nothing new alone, so no rule about what somebody's roles do
// together looks at them; of the others they look at those pairs of roles of which one changes. A role
// may also change two others of the same person: by letting a project be viewed, which is looked for,
// and by no longer allowing by itself what the two allow by a detour, which is not, since it gives
// nothing to anybody. A way up (LD202) is looked for from everybody: who holds nothing that changes may
// give themselves what does. It is reported if it leads over something that changes; one that does not
// was there before.
type Focus struct {
	// Roles and Teams are keys, Members e-mail addresses in lower case.
	Roles, Teams, Members map[string]bool
	// Roles of the files that do not change: what they say is not judged, but where they say it is
	// known, and whether they are administrative.
	Around []role.Desired
}

// changes reports whether a path leads over a role or a team that changes. Everything changes where
// there is no focus.
func (p *Pass) changes(path people.Path) bool {
	return p.focus == nil || !path.Base && p.focus.Roles[path.Role] || p.focus.Teams[path.Team]
}

func (p *Pass) changesMember(m role.LiveMember) bool {
	return p.focus == nil || p.focus.Members[role.FoldEmail(m.Email)]
}

// joint is what some members hold, and how it changes.
type joint struct {
	people.Case
	all     bool   // whatever they hold may do something new
	changes []bool // by index of Held: the role changes, or what gives it
	// heard are the Held as rules about members read them, and pairs what LD205 finds in their words, once
	// that was asked.
	heard []*heard
	pairs *[][2]string
}

// pair reports whether two of the roles may do something new together.
func (t *joint) pair(i, j int) bool { return t.all || t.changes[i] || t.changes[j] }

// some reports whether anything changes.
func (t *joint) some() bool { return t.all || slices.Contains(t.changes, true) }

// joint adds to holdings how they change. Members who hold the same may hold it in different ways.
func (p *Pass) joint(c people.Case, read people.Reader) *joint {
	t := &joint{Case: c, all: p.focus == nil, changes: make([]bool, len(c.Held))}
	for _, m := range c.Members {
		if t.all = t.all || p.changesMember(m); t.all {
			return t
		}
		for _, path := range read.Paths(m) {
			if p.changes(path) {
				t.note(path)
			}
		}
	}
	t.all = p.newlyViewed(t)
	return t
}

// note notes that a path changes. A policy may be held by several paths, of which a case names one.
func (t *joint) note(path people.Path) {
	i := slices.IndexFunc(t.Paths, func(other people.Path) bool {
		return other.Base == path.Base && other.Role == path.Role && other.Team == path.Team
	})
	if i < 0 {
		t.all = true
		return
	}
	t.changes[i] = true
}

// newlyViewed reports whether a role that changes may let projects be viewed that no other does: then
// what others allow there counts.
func (p *Pass) newlyViewed(t *joint) bool {
	if t.all || !p.Semantics.ViewPrecondition {
		return t.all
	}
	views := false
	for i, h := range t.Held {
		if !t.changes[i] && p.viewsEverything(h.Role) {
			return false
		}
		views = views || t.changes[i] && (h.Role.BasePermissions == role.Reader || p.mayAllow(h.Role, "proj", "viewProject"))
	}
	return views
}

// viewsEverything reports whether a role lets every project be viewed, and says nothing against it.
func (p *Pass) viewsEverything(r role.Role) bool {
	allows := false
	for _, s := range r.Policy {
		lists := spoken{Statement: s}.lists("viewProject")
		if s.Effect == role.Deny && lists && (len(s.NotResources) > 0 || slices.ContainsFunc(s.Resources, p.aboutProjects)) {
			return false
		}
		allows = allows || s.Effect == role.Allow && slices.Contains(s.Actions, "viewProject") && slices.Contains(s.Resources, "proj/*")
	}
	return allows
}

// aboutProjects reports whether a specifier may be about projects themselves.
func (p *Pass) aboutProjects(text string) bool {
	r := p.read(text)
	return r.Err != nil || r.Specifier.Kind() == "proj" || p.Semantics.GlobCrossesColon
}
