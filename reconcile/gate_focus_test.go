package reconcile_test

import (
	"strings"
	"testing"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// TestGateIsAboutWhatChanges: a plan answers for the ways up that it makes and not for old ones, and an
// administrator stays one although the file that says so does not change.
func TestGateIsAboutWhatChanges(t *testing.T) {
	allow := func(action, resource string) []role.Statement {
		return []role.Statement{{Effect: role.Allow, Actions: []string{action}, Resources: []string{resource}}}
	}
	is := map[string][]role.Statement{
		"account-admin": allow("*", "role/*"), "lead": allow("updateTeamMembers", "team/administration"),
		"flags": allow("updateOn", "proj/web:env/*:flag/*"), "teams": allow("viewTeam", "team/*"),
	}
	for _, tt := range []struct {
		name, role string
		policy     []role.Statement
		want       string // who has a new way, "" for nobody
	}{
		{"an old way", "flags", allow("updateOn", "proj/ios:env/*:flag/*"), ""},
		{"a new way", "teams", allow("updateTeamMembers", "team/*"), `"cy@example.com" can become`},
		{"an old way that changes", "lead", allow("updateTeamMembers", "team/*"), `"bo@example.com" can become`},
		{"the administrators' own role", "account-admin", allow("updatePolicy", "role/*"), `"bo@example.com" can become`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := &town{account: empty(), teams: []role.LiveTeam{{Team: role.Team{Key: "administration", CustomRoles: []string{"account-admin"}}}}}
			for i, name := range []string{"ana account-admin", "bo lead", "cy teams", "di flags"} {
				w := strings.Fields(name)
				a.members = append(a.members, role.LiveMember{ID: strings.Repeat("0", 23) + string(rune('1'+i)), Member: role.Member{Email: w[0] + "@example.com", CustomRoles: []string{w[1]}}})
			}
			ws := &manifest.Workspace{}
			ws.Config.Manage.Roles.Include = []string{"*"}
			ws.Config.Guards.AllowEscalation = []string{"*"}
			for key, statements := range is {
				d := role.Role{Key: key, Name: key, BasePermissions: role.NoAccess, Policy: statements}
				a.roles[key] = role.Live{Role: d}
				if key == tt.role {
					d.Policy = tt.policy
				}
				ws.Roles = append(ws.Roles, role.Desired{Role: d, Protected: key == "account-admin", Source: role.Source{File: key + ".yaml", Pos: role.Pos{Line: 1, Column: 1}}})
			}
			p, err := reconcile.Plan(t.Context(), ws, a, reconcile.Options{Semantics: new(policy.DefaultSemantics())})
			if err != nil || len(p.Changes) != 1 {
				t.Fatal(err, p)
			}
			var ways []string
			for _, f := range p.Findings {
				if f.Code == "LD202" {
					ways = append(ways, f.Pos.File+": "+f.Message)
				}
			}
			if got := strings.Join(ways, "\n"); tt.want == "" && got != "" || !strings.Contains(got, tt.want) || strings.Contains(got, "ana@") {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
