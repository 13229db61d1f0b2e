package lint

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/people"
	"github.com/rolewright/rolewright/reconcile/role"
)

// acme reads the example workspace.
func acme(t testing.TB) (f Files) {
	t.Helper()
	for _, path := range []string{"roles", "teams", "members"} {
		names, err := filepath.Glob(filepath.Join("..", "..", "examples", "acme", path, "*.yaml"))
		if err != nil || len(names) == 0 {
			t.Fatal(names, err)
		}
		for _, name := range names {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			d, findings := manifest.Read(path+"/"+filepath.Base(name), data)
			if diag.HasErrors(findings) {
				t.Fatal(render(findings))
			}
			f.Roles, f.Teams, f.Members = append(f.Roles, d.Roles...), append(f.Teams, d.Teams...), append(f.Members, d.Members...)
		}
	}
	return f
}

// accountOf is an account as the files say: who is in which team is given beside.
func accountOf(f Files, inTeams map[string][]string) *people.Account {
	a := &people.Account{}
	for _, r := range f.Roles {
		if !r.Absent {
			a.Roles = append(a.Roles, role.Live{Role: r.Role})
		}
	}
	keys := func(list *[]role.Assignment) (keys []string) {
		if list != nil {
			for _, one := range *list {
				keys = append(keys, one.Role)
			}
		}
		return keys
	}
	attributes := func(a *role.Attributes) role.Attributes {
		if a == nil {
			return nil
		}
		return *a
	}
	for _, t := range f.Teams {
		a.Teams = append(a.Teams, role.LiveTeam{Team: role.Team{Key: t.Key, CustomRoles: keys(t.CustomRoles), RoleAttributes: attributes(t.RoleAttributes)}})
	}
	for _, m := range f.Members {
		base := role.Reader
		if m.Role != nil {
			base = *m.Role
		}
		a.Members = append(a.Members, role.LiveMember{
			ID: "id-" + m.Email, Teams: inTeams[m.Email],
			Member: role.Member{Email: m.Email, Role: base, CustomRoles: keys(m.CustomRoles), RoleAttributes: attributes(m.RoleAttributes)},
		})
	}
	return a
}

// TestAcme: the example is as it should be.
func TestAcme(t *testing.T) {
	f := acme(t)
	in := Input{Files: f, Settings: DefaultSettings(), People: accountOf(f, nil)}
	if got := render(RunAll(in, nil).Findings); got != "" {
		t.Error(got)
	}
}
