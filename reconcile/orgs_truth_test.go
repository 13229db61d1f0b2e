package reconcile_test

import (
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/emulator"
	"github.com/rolewright/rolewright/reconcile/people"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// What is true of a random organisation, found without the program: who holds what is read from the
// emulator itself, and each request of a small world is put to policy.Evaluate.

// worldActions returns one action of each sort that the roles of an organisation tell apart.
func worldActions(kind string) (list []string) {
	candidates := []string{"zzNew", "updateZ", "viewZ", "createFlag", "createMetric", "updateAccountOwner"}
	for _, t := range policy.DefaultCatalogue().Types() {
		for _, a := range t.Actions {
			candidates = append(candidates, a.Name)
		}
	}
	sem, seen := policy.DefaultSemantics(), map[string]bool{}
	typ := kind[strings.LastIndex(kind, ":")+1:]
	for _, action := range candidates {
		sort := []byte{bit(action == "updateAccountOwner"), bit(sem.NeedsEveryEnvironment(typ, action))}
		for _, pattern := range orgActions {
			sort = append(sort, bit(policy.MatchAction(pattern, action)))
		}
		if !seen[string(sort)] && !sem.Foreign(typ, action) {
			seen[string(sort)] = true
			list = append(list, action)
		}
	}
	return list
}

func bit(b bool) byte {
	if b {
		return '1'
	}
	return '0'
}

// worldParts returns a resource of each sort, of one type.
func worldParts(typ string) (list []policy.Part) {
	switch typ {
	case "acct":
		return []policy.Part{{Type: typ}}
	case "env":
		for _, critical := range []string{"false", "true"} {
			list = append(list, policy.Part{Type: typ, Key: "e", Properties: map[string]string{"critical": critical}})
		}
		return list
	case "proj", "flag", "metric":
		for _, key := range []string{"a", "b", "z"} {
			list = append(list, policy.Part{Type: typ, Key: key})
			if typ != "proj" {
				list = append(list, policy.Part{Type: typ, Key: key, Tags: []string{"t"}})
			}
		}
		return list
	}
	return []policy.Part{{Type: typ, Key: "z"}}
}

// world has one request of each sort that an organisation's roles and the base roles tell apart.
var world = func() (requests []policy.Request) {
	for _, kind := range []string{"proj", "proj:env:flag", "proj:metric", "proj:zz", "acct", "role", "webhook", "member:token", "zz"} {
		chains := [][]policy.Part{nil}
		for _, typ := range strings.Split(kind, ":") {
			var longer [][]policy.Part
			for _, chain := range chains {
				for _, p := range worldParts(typ) {
					longer = append(longer, append(slices.Clone(chain), p))
				}
			}
			chains = longer
		}
		for _, action := range worldActions(kind) {
			for _, chain := range chains {
				requests = append(requests, policy.Request{Action: action, Resource: chain})
			}
		}
	}
	return requests
}()

// truth is what each member may do, by e-mail address.
type truth struct {
	allowed   map[string][]bool
	strangers map[string]string // the roles that a member holds and nobody knows
}

// truthOf looks at the account.
func truthOf(emu *emulator.Emulator) truth {
	t := truth{map[string][]bool{}, map[string]string{}}
	roles := map[string]emulator.Role{}
	for _, l := range emu.Roles() {
		roles[l.ID] = l
	}
	teams, done := emu.Teams(), map[string][]bool{}
	for _, m := range emu.Members() {
		held, unknown := heldBy(m, teams, roles)
		name := jsonOf(held)
		if done[name] == nil {
			e := policy.NewEvaluator(held, policy.DefaultSemantics())
			for _, q := range world {
				done[name] = append(done[name], e.Allows(q))
			}
		}
		t.allowed[m.Email], t.strangers[m.Email] = done[name], unknown
	}
	return t
}

// heldBy says what a member holds, as LaunchDarkly tells it: roles of their own take the place of the
// base role, those of teams add, and attributes are those of the place.
func heldBy(m emulator.Member, teams []emulator.Team, roles map[string]emulator.Role) (held []policy.Held, unknown string) {
	add := func(ids []string, attributes role.Attributes) {
		for _, id := range slices.Sorted(slices.Values(ids)) {
			l, known := roles[id]
			if !known {
				unknown += " " + id
				continue
			}
			r := as[role.Role](l)
			r.Policy = append(as[[]role.Statement](l.PresetStatements), r.Policy...)
			held = append(held, policy.Held{Role: r, Attributes: attributes})
		}
	}
	add(m.CustomRoles, m.RoleAttributes)
	if len(m.CustomRoles) == 0 {
		held = append(held, policy.Held{Role: people.BaseRoles("zz", "proj:zz")[m.Role]})
	}
	for _, t := range teams {
		if slices.Contains(t.Members, m.ID) {
			add(t.CustomRoles, t.RoleAttributes)
		}
	}
	return held, unknown
}

// between says what a member gained and lost.
func between(before, after []bool) access.Verdict {
	gains, loses := false, false
	for i := range before {
		gains = gains || after[i] && !before[i]
		loses = loses || before[i] && !after[i]
	}
	switch {
	case gains && loses:
		return access.Both
	case gains:
		return access.Gains
	case loses:
		return access.Loses
	}
	return access.None
}
