package manifest

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/role"
)

// Checks of teams and members across files, and against the roles.

// AssignedRole is a role that files give to somebody.
type AssignedRole struct {
	Role     string
	Declared bool            // by a file of the workspace; else the account has to have it
	At       []diag.Position // of each assignment, in the order of teams and then of members
}

// Assigned returns the roles that the files of w give to teams and members, by key. What has
// expired is not among them.
func (w *Workspace) Assigned() []AssignedRole {
	declared := map[string]bool{}
	for _, r := range w.Roles {
		declared[r.Key] = declared[r.Key] || !r.Absent
	}
	at := map[string][]diag.Position{}
	add := func(src role.HolderSource, list *[]role.Assignment) {
		for _, a := range deref(list) {
			at[a.Role] = append(at[a.Role], diag.Position{File: src.File, Line: a.Line, Column: a.Column})
		}
	}
	for _, t := range w.Teams {
		add(t.Source, t.CustomRoles)
	}
	for _, m := range w.Members {
		add(m.Source, m.CustomRoles)
	}
	list := make([]AssignedRole, 0, len(at))
	for key, places := range at {
		list = append(list, AssignedRole{key, declared[key], places})
	}
	slices.SortFunc(list, func(a, b AssignedRole) int { return cmp.Compare(a.Role, b.Role) })
	return list
}

func deref(list *[]role.Assignment) []role.Assignment {
	if list == nil {
		return nil
	}
	return *list
}

// holdTogether checks what the teams and members of a workspace say side by side. Without a scope,
// because rolewright.yaml is wrong, nothing is out of scope.
func holdTogether(holdings []holding, declared []declaration, scope *Manage) []diag.Finding {
	t := &holders{first: map[string]*holding{}, roles: newRoleKeys(declared), outside: map[string][]*holding{}}
	for i := range holdings {
		h := &holdings[i]
		if h.id != "" && !h.broken {
			t.claim(h)
			if scope != nil {
				t.scope(h, *scope)
			}
		}
		t.assigned(h)
	}
	for _, kind := range []string{team, member} {
		t.unmanaged(kind, t.outside[kind])
	}
	return t.findings
}

// holders holds what the teams and members seen so far have claimed.
type holders struct {
	first    map[string]*holding   // by kind and id
	outside  map[string][]*holding // those of a kind that is not managed at all
	roles    roleKeys
	findings []diag.Finding
}

// fail adds a finding, with the place of the other side unless that is unknown.
func (t *holders) fail(s diag.Severity, here place, length int, code, message, hint string, other place, says string) {
	f := here.text.finding(s, code, here.at, length, message, hint)
	if other.text != nil {
		f.Related = []diag.Related{{Pos: other.text.position(other.at), Message: says}}
	}
	t.findings = append(t.findings, f)
}

// claim notes a team or a member, which is declared once.
func (t *holders) claim(h *holding) {
	id := h.kind + " " + h.fold()
	first, taken := t.first[id]
	if !taken {
		t.first[id] = h
		return
	}
	message := h.kind + " " + strconv.Quote(h.id) + " is declared twice"
	if first.id != h.id {
		message += ": it is known as " + strconv.Quote(first.id) + ", and letter case does not count in addresses"
	}
	t.fail(diag.Error, h.place(), h.length, h.kind+"/duplicate", message, "join the two documents", first.place(), "it is declared here already")
}

// scope refuses a team or a member that rolewright.yaml keeps rolewright from touching.
func (t *holders) scope(h *holding, scope Manage) {
	covers, s := scope.Teams.Covers, scope.Teams
	if h.kind == member {
		covers, s = scope.Members.CoversEmail, scope.Members
	}
	if len(s.Include) == 0 {
		t.outside[h.kind] = append(t.outside[h.kind], h)
		return
	}
	if ok, reason := covers(h.id); !ok {
		t.fail(diag.Error, h.place(), h.length, h.kind+"/out-of-scope", h.kind+" "+strconv.Quote(h.id)+" is declared but not managed: "+reason,
			"change manage."+h.kind+"s in "+ConfigFile+", or remove the document", place{}, "")
	}
}

// unmanaged reports documents of a kind that is not managed at all. That is one mistake, however
// many they are.
func (t *holders) unmanaged(kind string, list []*holding) {
	if len(list) == 0 {
		return
	}
	h := list[0]
	message := fmt.Sprintf("%s %q is declared, and %s manages no %s", kind, h.id, ConfigFile, kind)
	if len(list) > 1 {
		message = fmt.Sprintf("%d %ss are declared, the first is %q, and %s manages no %s", len(list), kind, h.id, ConfigFile, kind)
	}
	t.fail(diag.Error, h.place(), h.length, kind+"/unmanaged", message,
		fmt.Sprintf("write what is managed into %s: manage: {%ss: {include: [%q]}}", ConfigFile, kind, scopeFor(list)), place{}, "")
}

// scopeFor returns a glob for the hint: the one id, or all in the domain of the first, or all.
func scopeFor(list []*holding) string {
	h := list[0]
	_, domain, isEmail := strings.Cut(h.id, "@")
	switch {
	case len(list) == 1:
		return h.id
	case isEmail:
		return "*@" + domain
	}
	return "*"
}

// roleKeys is what the files say of the keys of roles.
type roleKeys struct {
	declared map[string]*declaration
	renamed  map[string]*declaration // by the old key
	keys     []string                // of declared roles that are not to be deleted
	asked    map[string]string       // what suggest has answered
}

func newRoleKeys(declared []declaration) roleKeys {
	r := roleKeys{declared: map[string]*declaration{}, renamed: map[string]*declaration{}, asked: map[string]string{}}
	for i := range declared {
		d := &declared[i]
		if d.outOfOrder {
			continue
		}
		if _, taken := r.declared[d.Key]; !taken {
			r.declared[d.Key] = d
		}
		for _, old := range d.Previously {
			r.renamed[old] = d
		}
		if !d.Absent {
			r.keys = append(r.keys, d.Key)
		}
	}
	return r
}

// assigned checks the roles that a team or a member is given against those that the files declare.
func (t *holders) assigned(h *holding) {
	for _, a := range deref(h.customRoles) {
		here, length := place{h.text, a.Pos}, len(a.Role)
		d, declared := t.roles.declared[a.Role]
		renamed := t.roles.renamed[a.Role]
		switch {
		case declared && d.Absent:
			t.fail(diag.Error, here, length, "assign/absent", fmt.Sprintf("role %q is given to %s %q and is to be deleted", a.Role, h.kind, h.id), "keep one of the two",
				d.keyPlace(), "it is marked as absent here")
		case !declared && renamed != nil:
			t.fail(diag.Error, here, length, "assign/renamed", fmt.Sprintf("%q is an old key of role %q, which is to be deleted once nobody holds it", a.Role, renamed.Key),
				"write "+strconv.Quote(renamed.Key), renamed.keyPlace(), "the role is declared here")
		case !declared:
			if near := t.roles.suggest(a.Role); near != "" {
				t.fail(diag.Warning, here, length, "assign/unknown", fmt.Sprintf("no file declares role %q", a.Role), "did you mean "+strconv.Quote(near)+"?",
					t.roles.declared[near].keyPlace(), "that role is declared here")
			}
		}
	}
}

// maxSuggested is for how many undeclared roles a near one is looked for: each costs a look at all
// declared ones.
const maxSuggested = 100

// suggest returns the declared role that was probably meant, or "". An account has roles that no
// file declares, so a key that differs in digits only ("team-2") is none.
func (r roleKeys) suggest(key string) string {
	near, found := r.asked[key]
	if found || len(r.asked) >= maxSuggested {
		return near
	}
	plain := withoutDigits(key)
	others := slices.DeleteFunc(slices.Clone(r.keys), func(k string) bool {
		return max(len(k)-len(key), len(key)-len(k)) > 2 || withoutDigits(k) == plain
	})
	r.asked[key] = diag.Nearest(key, others)
	return r.asked[key]
}

// withoutDigits returns key without its digits, and without what joined them to its end.
func withoutDigits(key string) string {
	letters := strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return -1
		}
		return r
	}, key)
	return strings.TrimRight(letters, "-_.")
}
