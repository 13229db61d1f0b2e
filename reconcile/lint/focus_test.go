package lint

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/people"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

func pick[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }

// drawnStatement is about what the rules about members look for.
func drawnStatement(r *rand.Rand) string {
	where := "proj/" + pick(r, "web", "w*", "ios", "*", "${roleAttribute/projects}") + pick(r, "", "", "", ";old")
	env := ":env/" + pick(r, "*", "production", "staging", "*;{critical:true}", "*;{critical:false}")
	effect := pick(r, "allow", "allow", "allow", "allow", "deny")
	switch r.IntN(8) {
	case 0:
		return effect + " viewProject on " + where
	case 1:
		return effect + " updateTags,viewProject on " + where
	case 2:
		return effect + " updateCritical on " + where + env
	case 3:
		return effect + " linkFlagToView on " + where + ":view/" + pick(r, "*", "search")
	case 4:
		return effect + " " + pick(r, "updateTeamMembers", "updateTeamCustomRoles", "*") + " on team/" + pick(r, "*", "t1", "${roleAttribute/projects}")
	case 5:
		return effect + " " + pick(r, "updatePolicy", "updateMembers") + " on role/" + pick(r, "*", "r1", "r2")
	}
	actions := pick(r, "updateOn", "updateTags", "updateOn,updateTags", "create*", "createApprovalRequest", "applyApprovalRequest", "*", "reviewApprovalRequest,updateOn")
	return effect + " " + actions + " on " + where + env + ":flag/" + pick(r, "*", "a*", "b", "*;pci", "*;view:search", "*;beta,pci")
}

// drawnAccount is one member with a role or two of their own and one of a team, and all its roles as
// files.
func drawnAccount(r *rand.Rand) Input {
	var roles []role.Desired
	for i := range 4 {
		lines := []string{}
		if r.IntN(3) > 0 {
			lines = append(lines, "allow viewProject on proj/*")
		}
		for range 1 + r.IntN(4) {
			lines = append(lines, drawnStatement(r))
		}
		roles = append(roles, desired(fmt.Sprintf("r%d", i), lines...))
	}
	roles[3].Protected = true
	ana := person("ana", "no_access", "r0", "r1")
	ana.RoleAttributes = role.Attributes{"projects": {pick(r, "web", "ios", "t1")}}
	ana.Teams = []string{"t0"}
	in := world([]role.LiveMember{ana}, roles...)
	for i := range 2 {
		t := role.Team{Key: fmt.Sprintf("t%d", i), CustomRoles: []string{fmt.Sprintf("r%d", 2+i)}, RoleAttributes: role.Attributes{"projects": {pick(r, "web", "ios")}}}
		in.People.Teams = append(in.People.Teams, role.LiveTeam{Team: t})
	}
	if r.IntN(3) == 0 {
		in.Semantics = policy.DefaultSemantics()
		in.Semantics.ViewPrecondition = false
	}
	return in
}

// ofMembers returns the codes of what was found of what members hold together.
func ofMembers(in Input, slowly bool) map[string]bool {
	p := newPass(in)
	p.slowly = slowly
	codes := map[string]bool{}
	for _, f := range p.run(in, append(Words(), LockOut)).Findings {
		if strings.Contains(f.Message, "ana@example.com") {
			codes[f.Code] = true
		}
	}
	return codes
}

// TestPassesOverNothing compares the rules about members with and without the quick looks that spare them
// reasoning.
func TestPassesOverNothing(t *testing.T) {
	found := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		in := drawnAccount(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1)))
		quick, slow := ofMembers(in, false), ofMembers(in, true)
		for code := range slow {
			found[code]++
		}
		if fmt.Sprint(quick) != fmt.Sprint(slow) {
			t.Fatalf("quick %v, slow %v: %v", quick, slow, saidBy(in))
		}
	})
	if t.Log(found); len(found) < 3 {
		t.Errorf("too little was found: %v", found)
	}
}

func saidBy(in Input) (lines []string) {
	for _, r := range in.People.Roles {
		lines = append(lines, fmt.Sprintf("\n%s: %v", r.Key, r.Policy))
	}
	return lines
}

// TestFocusMissesNothingNew changes one role, one team or the member of an account: what is found of the
// whole and not of the change was so before.
func TestFocusMissesNothingNew(t *testing.T) {
	counts := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 2))
		before := drawnAccount(r)
		after, narrowed := changedAccount(r, before)
		whole := after
		whole.Focus = nil
		was, is, told := ofMembers(before, false), ofMembers(whole, false), ofMembers(after, false)
		for code := range is {
			switch {
			case told[code]:
				counts["told"]++
			case was[code]:
				counts["was so"]++
			case narrowed && (code == "LD203" || code == "LD204"):
				counts["is a detour now"]++
			default:
				t.Fatalf("%s is new and not told of %+v:%v\nafter:%v", code, after.Focus, saidBy(before), saidBy(after))
			}
		}
		for code := range told {
			if !is[code] {
				t.Fatalf("%s is told and not there", code)
			}
		}
	})
	if t.Log(counts); counts["told"] == 0 || counts["was so"] == 0 {
		t.Errorf("the law says nothing: %v", counts)
	}
}

// changedAccount returns the account with something changed, in focus; narrowed says that a role may
// allow less.
func changedAccount(r *rand.Rand, in Input) (after Input, narrowed bool) {
	after = in
	after.Focus = &Focus{Roles: map[string]bool{}, Teams: map[string]bool{}, Members: map[string]bool{}}
	after.People = &people.Account{Roles: slices.Clone(in.People.Roles), Teams: slices.Clone(in.People.Teams), Members: slices.Clone(in.People.Members)}
	switch r.IntN(5) {
	case 0:
		after.People.Teams[0].CustomRoles = []string{pick(r, "r2", "r3", "r1")}
		after.Focus.Teams["t0"], narrowed = true, true
	case 1:
		after.People.Members[0].CustomRoles = []string{pick(r, "r0", "r1"), pick(r, "r2", "r3")}
		after.Focus.Members["ana@example.com"], narrowed = true, true
	default:
		n := r.IntN(len(in.People.Roles))
		d := desired(in.People.Roles[n].Key, drawnStatement(r))
		d.Policy = append(slices.Clone(in.People.Roles[n].Policy), d.Policy...)
		if r.IntN(3) == 0 {
			d.Policy = d.Policy[1:]
		}
		narrowed = len(d.Policy) == len(in.People.Roles[n].Policy) || d.Policy[len(d.Policy)-1].Effect == role.Deny
		after.People.Roles[n].Policy = d.Policy
		after.Focus.Roles[d.Key] = true
	}
	after.Files.Roles = nil
	for i, d := range in.Files.Roles {
		d.Policy = after.People.Roles[i].Policy
		after.Files.Roles = append(after.Files.Roles, d)
	}
	return after, narrowed
}
