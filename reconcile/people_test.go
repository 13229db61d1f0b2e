package reconcile_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/plan"
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
