package lint

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/role"
)

// withResource is a role of one statement about one resource.
func withResource(key, resource string) role.Desired {
	return role.Desired{
		Role:   role.Role{Key: key, Policy: []role.Statement{{Effect: role.Allow, Actions: []string{"viewProject"}, Resources: []string{resource}}}},
		Source: role.Source{File: key + ".yaml"},
	}
}

func heldBy(key string, attributes role.Attributes, roles ...string) role.DesiredTeam {
	given := make([]role.Assignment, len(roles))
	for i, r := range roles {
		given[i] = role.Assignment{Role: r}
	}
	return role.DesiredTeam{Key: key, CustomRoles: &given, RoleAttributes: &attributes, Source: role.HolderSource{File: "t.yaml", Pos: role.Pos{Line: 1, Column: 1}}}
}

// ofHolders returns the findings of LD116 and LD117, without the others.
func ofHolders(f Files) (codes []string) {
	for _, finding := range check(f) {
		if finding.Code >= "LD116" {
			codes = append(codes, finding.Code+" "+finding.Message)
		}
	}
	return codes
}

// TestHolderCorners holds what no file can say, or what another finding is about.
func TestHolderCorners(t *testing.T) {
	uses := withResource("r", "proj/${roleAttribute/x}")
	for name, c := range map[string]struct {
		files Files
		want  string
	}{
		"attribute without values":  {Files{Roles: []role.Desired{uses}, Teams: []role.DesiredTeam{heldBy("t", role.Attributes{"x": {}, "views": {}}, "r")}}, "LD116 LD117"},
		"malformed specifier":       {Files{Roles: []role.Desired{withResource("r", "proj/${roleAttribute/x")}, Teams: []role.DesiredTeam{heldBy("t", role.Attributes{"x": {"a"}}, "r")}}, ""},
		"malformed in another role": {Files{Roles: []role.Desired{uses, withResource("s", "proj/")}, Teams: []role.DesiredTeam{heldBy("t", role.Attributes{"x": {"a"}, "views": {"a"}}, "r", "s")}}, ""},
		"role to be deleted":        {Files{Roles: []role.Desired{{Role: role.Role{Key: "r"}, Absent: true}}, Teams: []role.DesiredTeam{heldBy("t", role.Attributes{"x": {"a"}}, "r")}}, ""},
		"role declared twice":       {Files{Roles: []role.Desired{uses, withResource("r", "proj/*")}, Teams: []role.DesiredTeam{heldBy("t", role.Attributes{}, "r")}}, "LD116"},
		"tag and view": {
			Files{Roles: []role.Desired{withResource("r", "proj/a:env/b;${roleAttribute/x}:flag/*;view:${roleAttribute/y}")}, Teams: []role.DesiredTeam{heldBy("t", role.Attributes{"y": {"a"}}, "r")}},
			"LD116",
		},
	} {
		var codes []string
		for _, line := range ofHolders(c.files) {
			codes = append(codes, line[:len("LD116")])
		}
		if got := strings.Join(codes, " "); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestConsequences: everything that happens without the attribute is said, the worst first.
func TestConsequences(t *testing.T) {
	r := withResource("r", "proj/${roleAttribute/x}")
	r.Policy = append(r.Policy,
		role.Statement{Effect: role.Deny, Actions: []string{"viewProject"}, Resources: []string{"proj/${roleAttribute/x}"}},
		role.Statement{Effect: role.Deny, Actions: []string{"viewProject"}, NotResources: []string{"proj/${roleAttribute/x}"}},
		role.Statement{Effect: role.Allow, Actions: []string{"viewProject"}, NotResources: []string{"proj/${roleAttribute/x}"}},
	)
	got := ofHolders(Files{Roles: []role.Desired{r}, Teams: []role.DesiredTeam{heldBy("t", role.Attributes{}, "r")}})
	want := `LD116 role "r" is given to team "t" without its role attribute "x": what an allow leaves out by notResources is then allowed as well, ` +
		`and a deny then refuses nothing there, and what a deny leaves out by notResources is then denied as well, and an allow then grants nothing there`
	if len(got) != 1 || got[0] != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// BenchmarkRunHolders measures 10,000 members of 500 roles.
func BenchmarkRunHolders(b *testing.B) {
	var f Files
	for i := range 500 {
		f.Roles = append(f.Roles, withResource(fmt.Sprint("r", i), "proj/${roleAttribute/x}"))
	}
	given := role.Attributes{"x": {"web"}}
	for i := range 10_000 {
		f.Members = append(f.Members, role.DesiredMember{
			Email: fmt.Sprintf("m%d@example.com", i), CustomRoles: &[]role.Assignment{{Role: fmt.Sprint("r", i%500)}}, RoleAttributes: &given,
		})
	}
	b.ReportAllocs()
	for b.Loop() {
		if found := check(f); diag.HasErrors(found) || len(found) > 0 {
			b.Fatal(found[0])
		}
	}
}
