package reconcile_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/lint"
	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/role"
)

// livingTown is an account that has people and projects.
type livingTown struct {
	*town
	inv role.Inventory
}

func (l livingTown) Inventory(context.Context) (role.Inventory, error) { return l.inv, nil }

// acmeTown is the account that the files of acme are for, before they are applied: its members hold
// nothing, and its projects are there. Flags are not known.
func acmeTown(ws *manifest.Workspace) livingTown {
	l := livingTown{town: &town{account: empty()}}
	for _, m := range ws.Members {
		l.members = append(l.members, role.LiveMember{ID: m.Email, Member: role.Member{Email: m.Email, Role: "no_access"}})
	}
	live := []role.Environment{{Key: "production", Critical: true}, {Key: "staging", Tags: []string{"qa"}}, {Key: "test", Tags: []string{"qa"}}}
	for _, key := range []string{"acq-one", "mobile-ios", "payments", "warehouse", "web"} {
		l.inv.Projects = append(l.inv.Projects, role.Project{Key: key, Environments: live, FlagsLeft: true})
	}
	return l
}

// liveMistakes are those that only the account can tell.
var liveMistakes = []mistake{
	{"roles/web-shop.yaml", `resources: ["proj/web:env/production:flag/*"]`, `resources: ["proj/web:env/prod:flag/*"]`, "roles/web-shop.yaml:41 LD119"},
	{"roles/web-shop.yaml", "proj/web:env/production:flag/support", "proj/web:env/prod:flag/support", "roles/web-shop.yaml:76 LD119"},
	{"rolewright.yaml", "minAdmins: 2", "minAdmins: 7", "rolewright.yaml:0 LD211"},
	{"members/payments.yaml", "[change-approver]", "[qa-engineer, release-manager]", "roles/quality.yaml:27 LD208"},
	{"members/payments.yaml", "[payments-lead]", "[payments-lead, security-reviewer]", "roles/payments.yaml:59 LD203"},
	{"members/engineering.yaml", "teams: [squad-search]", "teams: [security]", "roles/account-administration.yaml:81 LD202"},
}

// TestSeededMistakesLive plants mistakes that are none by the files alone.
func TestSeededMistakesLive(t *testing.T) {
	src, err := manifest.OpenFolder("../examples/acme")
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if got := foundLive(t, src); len(got) > 0 {
		t.Fatalf("without a mistake: %q", got)
	}
	for _, m := range liveMistakes {
		t.Run(m.want, func(t *testing.T) {
			with := m.plant(t, src)
			if got := foundIn(t, with); len(got) > 0 {
				t.Errorf("without the account: %q", got)
			}
			if diff := cmp.Diff([]string{m.want}, foundLive(t, with)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// foundLive is foundIn on the account as the files leave it.
func foundLive(t *testing.T, src manifest.Source) []string {
	t.Helper()
	ws, before, err := manifest.LoadFrom(src, manifest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	world, err := reconcile.ReadWorld(t.Context(), ws, acmeTown(ws))
	if err != nil || len(world.Unknown) > 0 {
		t.Fatal(err, world.Unknown)
	}
	return places(reconcile.Judge(ws, before, lint.Input{People: world.People, Inventory: world.Inventory}).Findings)
}
