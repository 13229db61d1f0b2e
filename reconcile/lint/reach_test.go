package lint

import (
	"testing"

	"github.com/rolewright/rolewright/reconcile/role"
)

// TestBaseRolesAreHeardApart: base roles without a statement differ in their base permissions, whichever
// is read first.
func TestBaseRolesAreHeardApart(t *testing.T) {
	guard := desired("guard", "allow viewProject,updateOn on proj/web", "deny viewTeam on team/*")
	in := world([]role.LiveMember{person("ana", "no_access"), person("bo", "reader"), person("cy", "no_access")}, guard)
	for i := range in.People.Members {
		in.People.Members[i].Teams = []string{"t"}
	}
	in.People.Teams = []role.LiveTeam{{Team: role.Team{Key: "t", CustomRoles: []string{"guard"}}}}
	expect(t, only("LD208", in), `does not bind "bo@example.com", who may do "viewTeam`)
}
