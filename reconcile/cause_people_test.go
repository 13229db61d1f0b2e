package reconcile_test

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

const managesPeople = config + "manage: {teams: {include: [\"*\"]}, members: {include: [\"*\"]}}\n"

func teamFile(roles, extra string) string {
	return fmt.Sprintf("kind: Team\nkey: web\ncustomRoles: [%s]\n%s", roles, extra)
}

func memberFile(email, roles string) string {
	return fmt.Sprintf("kind: Member\nemail: %s\ncustomRoles: [%s]\n", email, roles)
}

// peopleFiles is a workspace that manages everybody and declares the roles a, b and c.
func peopleFiles(content string) source {
	return source{files("roles.yaml", text("a", "x")+"---\n"+text("b", "x")+"---\n"+text("c", "x"),
		"people.yaml", content, manifest.ConfigFile, managesPeople).MapFS}
}

// TestCausesOfHolders: a team or a member that differs on both sides waits for an apply if an earlier
// file, or none, said what the account holds; and has drifted if earlier files said other things only.
func TestCausesOfHolders(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		head, base string
		team       string // roles of the team in the account
		member     string
		earlier    iter.Seq2[[]byte, error]
		want       []string
	}{
		"edited here": {teamFile("b", ""), teamFile("a", ""), "a", "", nil, []string{"update web: this change", "update web: this change"}},
		"edited here, and the base waits": {
			teamFile("b, a", ""), teamFile("c, a", ""), "a", "", earlier(nil, teamFile("a", "")), []string{"update web: this change, also on base"},
		},
		"merged, not applied":         {teamFile("a, b", ""), teamFile("a, b", ""), "a", "", earlier(nil, teamFile("a", "")), []string{"update web: already pending"}},
		"in two steps":                {teamFile("b", ""), teamFile("b", ""), "a", "", earlier(nil, teamFile("a", "")), []string{"update web: already pending", "update web: already pending"}},
		"in two steps, drift":         {teamFile("b", ""), teamFile("b", ""), "a", "", earlier(nil, teamFile("c", "")), []string{"update web: drift", "update web: drift"}},
		"the first file of the team":  {teamFile("a, b", ""), teamFile("a, b", ""), "a", "", earlier(nil, memberFile("ana@x.org", "b")), []string{"update web: already pending"}},
		"edited by hand":              {teamFile("a, b", ""), teamFile("a, b", ""), "a", "", earlier(nil, teamFile("c", "")), []string{"update web: drift"}},
		"the same in another file":    {teamFile("a, b", ""), teamFile("a, b", ""), "a", "", earlier(nil, teamFile("b, a", "name: Web\n")), []string{"update web: already pending"}},
		"a field more then":           {teamFile("a, b", ""), teamFile("a, b", ""), "a", "", earlier(nil, teamFile("a", "name: Other\n")), []string{"update web: drift"}},
		"role attributes then":        {teamFile("a, b", ""), teamFile("a, b", ""), "a", "", earlier(nil, teamFile("a", "roleAttributes: {p: [x]}\n")), []string{"update web: drift"}},
		"a member, in another letter": {memberFile("ana@x.org", "a, b"), memberFile("ana@x.org", "a, b"), "", "a", earlier(nil, memberFile("Ana@x.org", "a")), []string{"update ana@x.org: already pending"}},
		"a member by hand":            {memberFile("ana@x.org", "a, b"), memberFile("ana@x.org", "a, b"), "", "a", earlier(nil, memberFile("ana@x.org", "c")), []string{"update ana@x.org: drift"}},
		"a member's base role":        {memberFile("ana@x.org", "a, b"), memberFile("ana@x.org", "a, b"), "", "a", earlier(nil, memberFile("ana@x.org", "a")+"role: writer\n"), []string{"update ana@x.org: drift"}},
		"not everything can be read":  {teamFile("a, b", ""), teamFile("a, b", ""), "a", "", earlier(shallow{}, teamFile("c", "")), []string{"update web: "}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := &town{
				account: holding(t, text("a", "x"), text("b", "x"), text("c", "x")),
				teams:   []role.LiveTeam{{Team: role.Team{Key: "web", Name: "Web", CustomRoles: strings.Fields(tt.team)}}},
				members: []role.LiveMember{{ID: "5f3a0e6b1c2d3e4f5a6b7c11", Member: role.Member{Email: "ana@x.org", Role: role.Reader, CustomRoles: strings.Fields(tt.member)}}},
			}
			o := options()
			o.Base = &reconcile.Base{Commit: aCommit, Workspace: parsed(t, peopleFiles(tt.base)), Earlier: tt.earlier}
			p, err := reconcile.Plan(t.Context(), parsed(t, peopleFiles(tt.head)), a, o)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, causes(p)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestRefusedPeople: where nobody manages teams and members, that they may not be read is no error,
// and the plan says what it does not know.
func TestRefusedPeople(t *testing.T) {
	t.Parallel()
	ws := parsed(t, files("a.yaml", strings.Replace(text("a", "x"), "proj/*", "role/*", 1)))
	o := options()
	o.Semantics = new(policy.DefaultSemantics())
	denied := fmt.Errorf("list members: %w", role.ErrDenied)
	p, err := reconcile.Plan(t.Context(), ws, &town{account: empty(), memberErr: denied}, o)
	if err != nil || p.People != nil || len(p.Changes) != 1 {
		t.Fatalf("%v, %+v", err, p)
	}
	if want := []string{"who gains and who loses access: list members: not allowed", "whether enough people can still edit roles and members: list members: not allowed"}; !cmp.Equal(p.Unchecked, want) {
		t.Errorf("%q", p.Unchecked)
	}
	managing := parsed(t, peopleFiles(teamFile("a", "")))
	if _, err := reconcile.Plan(t.Context(), managing, &town{account: empty(), memberErr: denied}, o); err == nil || !strings.Contains(err.Error(), "not allowed") {
		t.Errorf("people that are managed and cannot be read: %v", err)
	}
	if p, err := reconcile.Plan(t.Context(), ws, &town{account: empty(), teams: []role.LiveTeam{}}, o); err != nil || p.People == nil || p.Scope.Teams != nil || len(p.Unchecked) > 0 {
		t.Errorf("people that nobody manages: %v, %+v", err, p)
	}
}

// knower is an account that says whose token is in use.
type knower struct {
	*town
	caller role.Caller
	err    error
}

func (k knower) Caller(ctx context.Context) (role.Caller, error) { return k.caller, k.err }

// TestCallerIsAsked: the account's id is the caller's, and what the token may do is guarded.
func TestCallerIsAsked(t *testing.T) {
	t.Parallel()
	a := &town{account: holding(t, strings.Replace(text("a", "x"), "proj/*", "role/*", 1))}
	ws := parsed(t, files("a.yaml", strings.Replace(text("a", "x"), "proj/*", "role/b", 1)))
	o := options()
	o.Semantics = new(policy.DefaultSemantics())
	k := knower{town: a, caller: role.Caller{AccountID: "of the token", Known: true, Service: true, CustomRoles: []string{"a"}}}
	p, err := reconcile.Plan(t.Context(), ws, k, o)
	if err != nil || p.Target.AccountID != "of the token" {
		t.Fatalf("%v, %+v", err, p)
	}
	k.err = role.ErrDenied
	if _, err := reconcile.Plan(t.Context(), ws, k, o); err == nil {
		t.Error("who calls could not be found out, and no error")
	}
}
