package reconcile_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/people"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// town is an account that knows teams and members.
type town struct {
	*account
	teams              []role.LiveTeam
	members            []role.LiveMember
	teamErr, memberErr error
}

func (t *town) Teams(context.Context) ([]role.LiveTeam, error)     { return t.teams, t.teamErr }
func (t *town) Members(context.Context) ([]role.LiveMember, error) { return t.members, t.memberErr }

func (t *town) Team(context.Context, string) (role.LiveTeam, error) {
	return role.LiveTeam{}, role.ErrNotFound
}

func (t *town) Member(context.Context, string) (role.LiveMember, error) {
	return role.LiveMember{}, role.ErrNotFound
}

func (t *town) CreateTeam(context.Context, role.Team, string) (role.LiveTeam, error) {
	return role.LiveTeam{}, role.ErrRefused
}

func (t *town) SetTeam(context.Context, role.LiveTeam, role.Team, string) (role.LiveTeam, error) {
	return role.LiveTeam{}, role.ErrRefused
}

func (t *town) SetMember(context.Context, role.LiveMember, role.Member, map[string]string, string) (role.LiveMember, error) {
	return role.LiveMember{}, role.ErrRefused
}

// TestPeopleAreReadWhereManaged: teams and members are read only of the kinds that a workspace
// manages, the roles of members by their keys, and an account that knows roles alone is refused.
func TestPeopleAreReadWhereManaged(t *testing.T) {
	a := &town{
		account: empty(), teams: []role.LiveTeam{{Team: role.Team{Key: "t", CustomRoles: []string{"flag-operator"}}}},
		members: []role.LiveMember{{ID: "5f3a0e6b1c2d3e4f5a6b7c11", Member: role.Member{Email: "ana@example.com", CustomRoles: []string{"5f3a0e6b1c2d3e4f5a6b7c8d"}}}},
	}
	everyone := role.Scope{Include: []string{"*"}}
	for _, tt := range []struct {
		name           string
		teams, members role.Scope
		want           []string
	}{
		{"neither", role.Scope{}, role.Scope{}, nil},
		{"teams", everyone, role.Scope{}, []string{"team t"}},
		{"members", role.Scope{}, everyone, []string{"member ana@example.com"}},
		{"both", everyone, everyone, []string{"member ana@example.com", "team t"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ws := acme(t)
			ws.Config.Manage.Teams, ws.Config.Manage.Members = tt.teams, tt.members
			p, err := reconcile.Plan(t.Context(), ws, a, options())
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, n := range p.Unmanaged {
				if n.Kind != plan.KindRole {
					got = append(got, n.Kind+" "+n.Key)
				}
			}
			if !slices.Equal(got, tt.want) || (p.Scope.Teams != nil) != (len(tt.teams.Include) > 0) || (p.Scope.Members != nil) != (len(tt.members.Include) > 0) {
				t.Errorf("%q in scope %+v, want %q", got, p.Scope, tt.want)
			}
			if _, err := reconcile.Plan(t.Context(), ws, a.account, options()); (err != nil) != (tt.want != nil) || err != nil && !strings.Contains(err.Error(), "knows roles alone") {
				t.Errorf("an account without people: %v", err)
			}
		})
	}
}

// TestUnreadablePeople: an error of any list is the error of the plan.
func TestUnreadablePeople(t *testing.T) {
	ws := acme(t)
	ws.Config.Manage.Teams.Include, ws.Config.Manage.Members.Include = []string{"*"}, []string{"*"}
	broken := errors.New("broken")
	for _, a := range []*town{{account: empty(), teamErr: broken}, {account: empty(), memberErr: broken}} {
		if p, err := reconcile.Plan(t.Context(), ws, a, options()); !errors.Is(err, broken) || p != nil {
			t.Errorf("%v, %v", p, err)
		}
	}
}

// policyOf reads an account's role "KEY ACTION": it may do the action everywhere.
func policyOf(key, action string) role.Live {
	return role.Live{ID: "id-of-" + key, Role: role.Role{
		Key: key, Name: key, BasePermissions: role.NoAccess,
		Policy: []role.Statement{{Effect: role.Allow, Actions: []string{action}, Resources: []string{"member/*"}}},
	}}
}

// fileOf is the file of the same role.
func fileOf(key, action string) string {
	return fmt.Sprintf("kind: Role\nkey: %s\nname: %s\nbasePermissions: no_access\n"+
		"policy:\n  - {effect: allow, actions: [%s], resources: [\"member/*\"]}\n", key, key, action)
}

// village is an account of two roles: ana holds one herself, bo through a team, cy holds none.
func village() *town {
	a := empty()
	for _, l := range []role.Live{policyOf("mine", "createMember"), policyOf("theirs", "deleteMember")} {
		a.roles[l.Key] = l
	}
	member := func(email, id string, roles ...string) role.LiveMember {
		return role.LiveMember{ID: id, Member: role.Member{Email: email, Role: role.NoAccess, CustomRoles: roles}}
	}
	return &town{
		account: a,
		teams:   []role.LiveTeam{{Team: role.Team{Key: "web", Name: "web", CustomRoles: []string{"theirs"}}, Members: []string{"5f3a0e6b1c2d3e4f5a6b7c12"}}},
		members: []role.LiveMember{
			member("ana@example.com", "5f3a0e6b1c2d3e4f5a6b7c11", "id-of-mine"),
			member("bo@example.com", "5f3a0e6b1c2d3e4f5a6b7c12"),
			member("cy@example.com", "5f3a0e6b1c2d3e4f5a6b7c13"),
		},
	}
}

// drawConcerned writes one line for everybody concerned, and the counts.
func drawConcerned(c *plan.Concerned) []string {
	if c == nil {
		return nil
	}
	lines := []string{fmt.Sprintf("%d members, %d holders: %d %d %d %d", c.Members, c.Holders, c.Gain, c.Lose, c.Both, c.Undecided)}
	for _, e := range c.Effects {
		line := fmt.Sprintf("%s %s +%q -%q", e.Email, e.Verdict, e.Gained, e.Lost)
		if e.FallsBack != "" {
			line += " falls back to " + e.FallsBack
		}
		lines = append(lines, line)
	}
	return lines
}

// TestConcerned: a plan says what it does to people, given all that they hold, for every kind of
// change; roles and holders that change together are judged together.
func TestConcerned(t *testing.T) {
	const mine, theirs = "roles/mine.yaml", "roles/theirs.yaml"
	unchanged := []string{mine, fileOf("mine", "createMember"), theirs, fileOf("theirs", "deleteMember")}
	for _, tt := range []struct {
		name    string
		files   []string // after those that say what is there
		edit    func(*town)
		changes int
		want    []string
	}{
		{"nothing", nil, nil, 0, nil},
		{"a role is created that nobody holds", []string{"n.yaml", fileOf("new", "updateRole")}, nil, 1, []string{"3 members, 0 holders: 0 0 0 0"}},
		{"a held role gains", []string{mine, fileOf("mine", `"*"`)}, nil, 1, []string{
			"3 members, 1 holders: 1 0 0 0", `ana@example.com gains +["every action but createMember on member/*"] -[]`,
		}},
		{"a role of a team changes", []string{theirs, fileOf("theirs", "updateRole")}, nil, 1, []string{
			"3 members, 1 holders: 0 0 1 0", `bo@example.com both +["updateRole on member/*"] -["deleteMember on member/*"]`,
		}},
		{"a role that everybody has the same from changes nothing", []string{mine, fileOf("mine", "deleteMember")}, func(a *town) {
			a.members[0].CustomRoles = []string{"id-of-mine", "id-of-theirs"}
		}, 1, []string{"3 members, 1 holders: 0 1 0 0", `ana@example.com loses +[] -["createMember on member/*"]`}},
		{"a role gains what its holder has from another one", []string{mine, fileOf("mine", "createMember, deleteMember")}, func(a *town) {
			a.members[0].CustomRoles = []string{"id-of-mine", "id-of-theirs"}
		}, 1, []string{"3 members, 1 holders: 0 0 0 0"}},
		{"a role is deleted", []string{mine, tombstone("mine")}, func(a *town) { a.members[0].CustomRoles = nil }, 1, []string{"3 members, 0 holders: 0 0 0 0"}},
		{"a role is deleted that somebody holds", []string{mine, tombstone("mine")}, nil, 0, nil},
		{"a replace leaves the old role", []string{mine, fileOf("ours", "createMember") + "previously: [mine]\n"}, nil, 1, []string{"3 members, 0 holders: 0 0 0 0"}},
		{"a team gets a role", []string{"w.yaml", "kind: Team\nkey: web\ncustomRoles: [theirs, mine]\n"}, nil, 1, []string{
			"3 members, 0 holders: 1 0 0 0", `bo@example.com gains +["createMember on member/*"] -[]`,
		}},
		{"a team is made and has nobody", []string{"w.yaml", "kind: Team\nkey: new\nname: New\ncreate: true\ncustomRoles: [mine]\n"}, nil, 1, []string{
			"3 members, 0 holders: 0 0 0 0",
		}},
		{"a member gets a new role", []string{"n.yaml", fileOf("new", "updateRole"), "c.yaml", "kind: Member\nemail: cy@example.com\ncustomRoles: [new]\n"}, nil, 2, []string{
			"3 members, 1 holders: 1 0 0 0", `cy@example.com gains +["updateRole on member/*"] -[]`,
		}},
		{"two steps", []string{"a.yaml", "kind: Member\nemail: ana@example.com\ncustomRoles: [theirs]\n"}, nil, 2, []string{
			"3 members, 0 holders: 0 0 1 0", `ana@example.com both +["deleteMember on member/*"] -["createMember on member/*"]`,
		}},
		{"a base role takes over that may more", []string{"a.yaml", "kind: Member\nemail: ana@example.com\ncustomRoles: []\nrole: admin\n"}, nil, 1, []string{
			"3 members, 0 holders: 1 0 0 0", `ana@example.com gains +["every action on every resource (account, roles, members and teams included) except acct, member/*" ` +
				`"every action but updateAccountOwner on acct" "every action but createMember on member/*"] -[] falls back to admin`,
		}},
		{"an address in other letter case is blocked", []string{"c.yaml", "kind: Member\nemail: cy@example.com\ncustomRoles: [mine]\n"}, func(a *town) {
			a.members[2].Email = "Cy@Example.com"
		}, 0, nil},
		{"the last role goes", []string{"a.yaml", "kind: Member\nemail: ana@example.com\ncustomRoles: []\n"}, nil, 1, []string{
			"3 members, 0 holders: 0 1 0 0", `ana@example.com loses +[] -["createMember on member/*"] falls back to no_access`,
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := files(append(slices.Clone(unchanged), tt.files...)...)
			f.MapFS[manifest.ConfigFile].Data = []byte(config + "manage: {teams: {include: [\"*\"]}, members: {include: [\"*\"]}}\n")
			ws, a := parsed(t, f), village()
			if tt.edit != nil {
				tt.edit(a)
			}
			o := options()
			plain, err := reconcile.Plan(t.Context(), ws, a, o)
			if err != nil || plain.People != nil {
				t.Fatalf("%v, %v", plain.People, err)
			}
			o.Semantics = new(policy.DefaultSemantics())
			p, err := reconcile.Plan(t.Context(), ws, a, o)
			if err != nil {
				t.Fatal(err)
			}
			if got := drawConcerned(p.People); !slices.Equal(got, tt.want) || len(p.Changes) != tt.changes {
				t.Errorf("%d changes, want %d:\n got %q\nwant %q", len(p.Changes), tt.changes, got, tt.want)
			}
			if p.PlanHash != plain.PlanHash {
				t.Error("what is said of people is part of what the plan does")
			}
		})
	}
}

// TestConcernedByExample: where too many gain different things, those of the rest are told by example.
func TestConcernedByExample(t *testing.T) {
	f, a := files(), village()
	f.MapFS[manifest.ConfigFile].Data = []byte(config + "manage: {teams: {include: [\"*\"]}}\n")
	a.members = nil
	for i := range people.DefaultDescribed + 3 {
		key := fmt.Sprintf("role-%02d", i)
		f.MapFS[key+".yaml"] = &fstest.MapFile{Data: []byte(strings.Replace(fileOf(key, "updateRole"), "member/*", "member/m-"+key, 1))}
		a.roles[key] = policyOf(key, "createMember")
		a.members = append(a.members, role.LiveMember{ID: fmt.Sprintf("5f3a0e6b1c2d3e4f5a6b7d%02d", i), Member: role.Member{
			Email: key + "@example.com", Role: role.NoAccess, CustomRoles: []string{"id-of-" + key},
		}})
	}
	o := options()
	o.Semantics = new(policy.DefaultSemantics())
	p, err := reconcile.Plan(t.Context(), parsed(t, f), a, o)
	if err != nil || len(p.People.Effects) != people.DefaultDescribed+3 {
		t.Fatalf("%v, %v", p, err)
	}
	for _, e := range p.People.Effects {
		key := strings.TrimSuffix(e.Email, "@example.com")
		if e.Verdict != access.Both || len(e.Gained) != 1 || len(e.Lost) != 1 || !strings.Contains(e.Gained[0], "updateRole on member/m-"+key) {
			t.Errorf("%+v", e)
		}
	}
}

// TestCrowd: everything that decides is read, each error is the error of all, and an account of roles
// alone is refused.
func TestCrowd(t *testing.T) {
	all, err := reconcile.Crowd(t.Context(), village())
	if err != nil || len(all.Roles) != 2 || len(all.Teams) != 1 || len(all.Members) != 3 || !slices.Equal(all.Members[0].CustomRoles, []string{"mine"}) {
		t.Errorf("%+v, %v", all, err)
	}
	broken := errors.New("broken")
	for name, breaks := range map[string]func(*town){
		"roles": func(a *town) { a.err = broken }, "teams": func(a *town) { a.teamErr = broken }, "members": func(a *town) { a.memberErr = broken },
	} {
		a := village()
		breaks(a)
		if all, err := reconcile.Crowd(t.Context(), a); !errors.Is(err, broken) || all.Roles != nil || all.Teams != nil || all.Members != nil {
			t.Errorf("%s: %+v, %v", name, all, err)
		}
	}
	if _, err := reconcile.Crowd(t.Context(), empty()); err == nil || !strings.Contains(err.Error(), "not known who is in this account") {
		t.Errorf("roles alone: %v", err)
	}
}

// TestParseBoxes: one box for each action, or no box and why.
func TestParseBoxes(t *testing.T) {
	for _, tt := range []struct {
		question string
		want     []string
	}{
		{"updateOn on proj/web:env/*:flag/*", []string{"[updateOn] proj/web:env/*:flag/*"}},
		{"updateOn , createFlag on proj/web:env/test:flag/x", []string{"[updateOn] proj/web:env/test:flag/x", "[createFlag] proj/web:env/test:flag/x"}},
		{"updateOn", nil},
		{"updateOm on proj/web:env/*:flag/*", nil},
		{"updateOn, on proj/web:env/*:flag/*", nil},
		{"updateOn on proj", nil},
		{"", nil},
	} {
		boxes, err := reconcile.ParseBoxes(tt.question)
		var got []string
		for _, b := range boxes {
			got = append(got, fmt.Sprintf("%s %s", b.Actions, b.Specifier))
		}
		if !slices.Equal(got, tt.want) || (err == nil) != (tt.want != nil) {
			t.Errorf("%q: %q, %v", tt.question, got, err)
		}
	}
}

// TestInFiles: a place is told only where the account holds what the file says, statement for
// statement. Those that come from a preset are counted first, and stand in no file.
func TestInFiles(t *testing.T) {
	two := fileOf("two", "createMember") + "  - {effect: deny, actions: [deleteMember], resources: [\"member/*\"]}\n"
	ws := parsed(t, files("roles/two.yaml", two, "roles/edited.yaml", fileOf("edited", "createMember"), "roles/longer.yaml", fileOf("longer", "createMember")))
	live := holding(t, two, fileOf("edited", "deleteMember"))
	longer := live.roles["two"]
	longer.Key = "longer"
	live.roles["longer"], live.roles["by-hand"] = longer, policyOf("by-hand", "createMember")
	roles, err := live.Roles(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	where := reconcile.InFiles(ws, roles)
	for _, tt := range []struct {
		key       string
		statement int
		want      string
	}{
		{"two", 0, "roles/two.yaml:6"},
		{"two", 1, "roles/two.yaml:7"},
		{"two", 2, ""},
		{"two", -1, ""},
		{"edited", 0, ""},
		{"longer", 0, ""},
		{"by-hand", 0, ""},
		{"nobody", 0, ""},
	} {
		if got := where(tt.key, tt.statement); got != tt.want {
			t.Errorf("statement %d of %s: %q, want %q", tt.statement, tt.key, got, tt.want)
		}
	}
	preset := live.roles["two"]
	preset.PresetStatements = policyOf("x", "createMember").Policy
	where = reconcile.InFiles(ws, []role.Live{preset})
	for i, want := range []string{"", "roles/two.yaml:6", "roles/two.yaml:7", ""} {
		if got := where("two", i); got != want {
			t.Errorf("statement %d of a preset: %q, want %q", i, got, want)
		}
	}
}
