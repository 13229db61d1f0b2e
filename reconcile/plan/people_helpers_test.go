package plan_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
	"github.com/rolewright/rolewright/schema"
)

// peopled are lenient options that manage every team and member.
func peopled() plan.Options {
	o := lenient()
	o.Scope.Teams = &role.Scope{Include: []string{"*"}}
	o.Scope.Members = &role.Scope{Include: []string{"*"}}
	return o
}

// liveTeam reads "checkout ops,dev projects=web+app,env=test" as a team of the account.
func liveTeam(text string, edits ...func(*role.LiveTeam)) role.LiveTeam {
	key, roles, attributes := readHolder(text)
	l := role.LiveTeam{Team: role.Team{Key: key, Name: "Team " + key, CustomRoles: roles, RoleAttributes: attributes}}
	for _, edit := range edits {
		edit(&l)
	}
	return l
}

// liveMember reads the same as a member, a reader with an id of its own.
func liveMember(text string, edits ...func(*role.LiveMember)) role.LiveMember {
	email, roles, attributes := readHolder(text)
	l := role.LiveMember{ID: id(email), Member: role.Member{Email: email, Role: role.Reader, CustomRoles: roles, RoleAttributes: attributes}}
	for _, edit := range edits {
		edit(&l)
	}
	return l
}

func readHolder(text string) (key string, roles []string, attributes role.Attributes) {
	words := strings.Fields(text)
	for _, word := range words[1:] {
		if !strings.Contains(word, "=") {
			roles = strings.Split(word, ",")
			continue
		}
		attributes = role.Attributes{}
		for _, part := range strings.Split(word, ",") {
			name, values, _ := strings.Cut(part, "=")
			attributes[name] = strings.Split(values, "+")
		}
	}
	return words[0], roles, attributes
}

// wantTeam reads the same as a team of the files: with roles always, with attributes if there are any.
func wantTeam(text string, edits ...func(*role.DesiredTeam)) role.DesiredTeam {
	key, roles, attributes := readHolder(text)
	d := role.DesiredTeam{Key: key, CustomRoles: given(roles), Source: heldAt(key)}
	if attributes != nil {
		d.RoleAttributes = &attributes
	}
	for _, edit := range edits {
		edit(&d)
	}
	return d
}

func wantMember(text string, edits ...func(*role.DesiredMember)) role.DesiredMember {
	email, roles, attributes := readHolder(text)
	d := role.DesiredMember{Email: email, CustomRoles: given(roles), Source: heldAt(email)}
	if attributes != nil {
		d.RoleAttributes = &attributes
	}
	for _, edit := range edits {
		edit(&d)
	}
	return d
}

func given(roles []string) *[]role.Assignment {
	list := []role.Assignment{}
	for i, r := range roles {
		list = append(list, role.Assignment{Role: r, Pos: role.Pos{Line: 5 + i}})
	}
	return &list
}

func heldAt(key string) role.HolderSource {
	return role.HolderSource{File: "people/" + key + ".yaml", Pos: role.Pos{Line: 2}}
}

func base(r string) func(*role.LiveMember)        { return func(l *role.LiveMember) { l.Role = r } }
func wantBase(r string) func(*role.DesiredMember) { return func(d *role.DesiredMember) { d.Role = &r } }
func syncedTeam(l *role.LiveTeam)                 { l.Synced = true }
func syncedMember(l *role.LiveMember)             { l.Synced = true }
func rolesUnsaid(d *role.DesiredMember)           { d.CustomRoles = nil }
func create(name string) func(*role.DesiredTeam) {
	return func(d *role.DesiredTeam) { d.Create, d.Name = true, &name }
}

// people is what a plan of teams and members is made from; roles ops, dev and old are in the account
// and in the files.
type peopleCase struct {
	name    string
	teams   []role.LiveTeam
	members []role.LiveMember
	wantT   []role.DesiredTeam
	wantM   []role.DesiredMember
	opts    func(*plan.Options)
	want    []string
}

func (c peopleCase) inputs() (plan.Desired, plan.Actual, plan.Options) {
	o := peopled()
	if c.opts != nil {
		c.opts(&o)
	}
	return plan.Desired{Roles: []role.Desired{want("dev"), want("ops"), want("old")}, Teams: c.wantT, Members: c.wantM},
		plan.Actual{Roles: []role.Live{there("dev"), there("ops"), there("old")}, Teams: c.teams, Members: c.members}, o
}

// tellPeople is outline for people: who gets and loses what.
func tellPeople(p *plan.Plan) []string {
	var out []string
	for _, c := range p.Changes {
		if c.Holder == nil {
			out = append(out, fmt.Sprintf("%s %s", c.Phase, c.ID))
			continue
		}
		line := fmt.Sprintf("%s %s", c.Phase, c.ID)
		for _, l := range append([]plan.ListChange{c.Holder.Roles}, c.Holder.Attributes...) {
			name := strings.TrimPrefix(l.Name+" ", "customRoles ")
			for _, r := range l.Added {
				line += " +" + name + r
			}
			for _, r := range l.Removed {
				line += " -" + name + r
			}
		}
		for _, f := range c.Fields {
			line += fmt.Sprintf(" %s %s>%s", f.Field, f.Before, f.After)
		}
		for _, r := range c.Risk {
			line += fmt.Sprintf(" %s %s", r.Level, r.Code)
		}
		out = append(out, line)
	}
	for _, group := range []struct {
		name  string
		notes []plan.Note
	}{{"skipped", p.Skipped}, {"unmanaged", p.Unmanaged}, {"ignored", p.Ignored}, {"expired", p.Expired}} {
		for _, n := range group.notes {
			out = append(out, fmt.Sprintf("%s %s %s: %s", group.name, n.Kind, n.Key, n.Reason))
		}
	}
	for _, b := range p.Blocks {
		out = append(out, fmt.Sprintf("block %s: %s; %s", b.Guard, b.Message, b.Hint))
	}
	return out
}

func saveAndCheck(t *testing.T, p *plan.Plan) {
	t.Helper()
	data := plan.Encode(p)
	back, err := plan.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(p, back); diff != "" {
		t.Errorf("another plan after it was saved (-before +after):\n%s", diff)
	}
	var value any
	if err := json.Unmarshal(data, &value); err != nil {
		t.Fatal(err)
	}
	for _, v := range schema.Validate("plan", value) {
		t.Errorf("%s: %s", v.Pointer, v.Message)
	}
}

// done returns the account after the plan.
func done(a plan.Actual, p *plan.Plan) plan.Actual {
	for _, c := range p.Changes {
		a = after(a, c)
	}
	return a
}

// after returns the account after one change.
func after(a plan.Actual, c plan.Change) plan.Actual {
	a = plan.Actual{Roles: slices.Clone(a.Roles), Teams: slices.Clone(a.Teams), Members: slices.Clone(a.Members)}
	switch h := c.Holder; {
	case h == nil:
		a.Roles = slices.DeleteFunc(a.Roles, func(l role.Live) bool { return l.Key == c.Key })
		if c.After != nil {
			a.Roles = append(a.Roles, role.Live{Role: *c.After, ID: id(c.Key)})
		}
	case h.Team != nil:
		a.Teams = slices.DeleteFunc(a.Teams, func(l role.LiveTeam) bool { return l.Key == c.Key })
		l := role.LiveTeam{}
		if h.Team.Before != nil {
			l = *h.Team.Before
		}
		l.Team = h.Team.After
		a.Teams = append(a.Teams, l)
	default:
		a.Members = slices.DeleteFunc(a.Members, func(l role.LiveMember) bool { return l.Email == c.Key })
		l := h.Member.Before
		l.Member = h.Member.After
		a.Members = append(a.Members, l)
	}
	return a
}
