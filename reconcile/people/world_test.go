package people

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// A small world: roles speak of keys a and b, of tag t, of critical environments and of a few
// actions, and the world has one request of each sort that they can tell apart. So what holds for
// all its requests holds.

var (
	worldKinds    = []string{"proj", "proj:env:flag", "proj:metric", "role"}
	otherKinds    = []string{"acct", "webhook", "member:token", "team", "ip-allowlist", "zz", "proj:zz"}
	worldPatterns = []string{"updateOn", "update*", "createFlag", "*", "viewProject", "view*", "updateTags", "zzNew", "createMetric"}
)

// worldActions returns an action of the kind for each set of patterns that matches one.
func worldActions(sem policy.Semantics, kind string) []string {
	candidates := []string{"zzNew", "zzOther", "updateZ", "viewZ"}
	for _, t := range policy.DefaultCatalogue().Types() {
		for _, a := range t.Actions {
			candidates = append(candidates, a.Name)
		}
	}
	seen := map[string]bool{}
	var list []string
	for _, action := range candidates {
		vector := fmt.Sprint(action == "updateAccountOwner")
		for _, p := range worldPatterns {
			vector += fmt.Sprint(policy.MatchAction(p, action))
		}
		if !seen[vector] && !sem.Foreign(kind[strings.LastIndex(kind, ":")+1:], action) {
			seen[vector] = true
			list = append(list, action)
		}
	}
	return list
}

func worldParts(kind, typ string) (list []policy.Part) {
	keys := []string{"a", "b", "z"}
	tags := [][]string{nil}
	switch {
	case typ == "acct":
		keys = []string{""}
	case slices.Contains(otherKinds, kind) && typ != "proj", typ == "env":
		keys = []string{"a"}
	}
	if typ == "flag" || typ == "metric" {
		tags = append(tags, []string{"t"})
	}
	for _, key := range keys {
		for _, tag := range tags {
			for _, critical := range []string{"false", "true"} {
				p := policy.Part{Type: typ, Key: key, Tags: tag}
				if typ == "env" {
					p.Properties = map[string]string{"critical": critical}
				}
				if typ == "env" || critical == "false" {
					list = append(list, p)
				}
			}
		}
	}
	return list
}

func world(sem policy.Semantics) (requests []policy.Request) {
	for _, kind := range slices.Concat(worldKinds, otherKinds) {
		chains := [][]policy.Part{nil}
		for _, typ := range strings.Split(kind, ":") {
			var longer [][]policy.Part
			for _, chain := range chains {
				for _, p := range worldParts(kind, typ) {
					longer = append(longer, append(slices.Clone(chain), p))
				}
			}
			chains = longer
		}
		for _, action := range worldActions(sem, kind) {
			for _, chain := range chains {
				requests = append(requests, policy.Request{Action: action, Resource: chain})
			}
		}
	}
	return requests
}

const attribute = "${roleAttribute/p}"

func smallSpecifier(r *rand.Rand, kind string) string {
	name := func() string { return pick(r, []string{"*", "*", "a", "b"}) }
	proj := "proj/" + pick(r, []string{"*", "a", "b", attribute, attribute})
	switch kind {
	case "proj":
		return proj
	case "proj:env:flag":
		return proj + ":env/*" + pick(r, []string{"", "", ";{critical:true}", ";{critical:false}"}) + ":flag/" + name() + pick(r, []string{"", "", ";t"})
	case "proj:metric":
		return proj + ":metric/" + name() + pick(r, []string{"", ";t"})
	}
	return kind + "/" + name()
}

func smallStatement(r *rand.Rand) role.Statement {
	s := role.Statement{Effect: anyOf(r, role.Allow, role.Allow, role.Deny)}
	kind := pick(r, []string{"proj:env:flag", "proj:env:flag", "proj:metric", "role", "proj"})
	for range 1 + r.IntN(2) {
		s.Resources = append(s.Resources, smallSpecifier(r, kind))
		s.Actions = append(s.Actions, pick(r, worldPatterns))
	}
	if r.IntN(8) == 0 {
		s.Resources, s.NotResources = nil, s.Resources
	}
	if r.IntN(8) == 0 {
		s.Actions, s.NotActions = nil, s.Actions
	}
	return s
}

func anyOf[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }

func smallRole(r *rand.Rand, key string) role.Live {
	l := role.Live{Role: role.Role{Key: key, Name: key, BasePermissions: pick(r, []string{role.NoAccess, role.NoAccess, role.Reader})}}
	if r.IntN(2) == 0 {
		l.Policy = append(l.Policy, role.Statement{Effect: role.Allow, Actions: []string{"viewProject"}, Resources: []string{"proj/" + pick(r, []string{"*", "a", attribute})}})
	}
	for range 1 + r.IntN(2) {
		l.Policy = append(l.Policy, smallStatement(r))
	}
	if r.IntN(5) == 0 {
		l.PresetVersion, l.PresetStatements = 1, []role.Statement{smallStatement(r)}
	}
	return l
}

var (
	smallKeys = []string{"r0", "r1", "r2", "r3"}
	teamKeys  = []string{"t0", "t1"}
	bases     = []string{"reader", "writer", "admin", "owner", "no_access"}
)

func smallAttributes(r *rand.Rand) role.Attributes {
	return anyOf(r, nil, role.Attributes{"p": {"a"}}, role.Attributes{"p": {"b"}}, role.Attributes{"p": {"b", "a"}, "q": {"a"}}, role.Attributes{"p": {}})
}

func some(r *rand.Rand, pool []string, n int) (list []string) {
	for _, i := range r.Perm(len(pool))[:r.IntN(n+1)] {
		list = append(list, pool[i])
	}
	return list
}

// smallAccount draws an account with everything in it that decides.
func smallAccount(r *rand.Rand) Account {
	var a Account
	for _, key := range smallKeys {
		a.Roles = append(a.Roles, smallRole(r, key))
	}
	for i, key := range teamKeys {
		t := role.LiveTeam{Team: role.Team{Key: key, CustomRoles: some(r, smallKeys, 2), RoleAttributes: smallAttributes(r)}}
		if i == 0 {
			t.Members = []string{"id1"}
		}
		a.Teams = append(a.Teams, t)
	}
	for i := range 4 {
		a.Members = append(a.Members, role.LiveMember{ID: fmt.Sprint("id", i), Pending: i == 3, Teams: some(r, teamKeys, 2), Member: role.Member{
			Email: fmt.Sprintf("m%d@example.com", i), Role: pick(r, bases), CustomRoles: some(r, smallKeys, 2), RoleAttributes: smallAttributes(r),
		}})
	}
	return a
}

// moved changes an account a little.
func moved(r *rand.Rand, a Account) Account {
	a = Account{slices.Clone(a.Roles), slices.Clone(a.Members), slices.Clone(a.Teams)}
	m, t := &a.Members[r.IntN(len(a.Members))], &a.Teams[r.IntN(len(a.Teams))]
	for range 1 + r.IntN(4) {
		switch r.IntN(8) {
		case 0, 1, 2:
			i := r.IntN(len(a.Roles))
			a.Roles[i].Role = a.Roles[i].Clone()
			a.Roles[i].Policy[r.IntN(len(a.Roles[i].Policy))] = smallStatement(r)
		case 3:
			m.CustomRoles = some(r, smallKeys, 2)
		case 4:
			m.RoleAttributes = smallAttributes(r)
		case 5:
			t.CustomRoles = some(r, smallKeys, 2)
		case 6:
			t.RoleAttributes = smallAttributes(r)
		case 7:
			m.Role = pick(r, bases)
		}
	}
	return a
}

// holdings says what a member holds, as LaunchDarkly tells it: written anew.
func holdings(a Account, m role.LiveMember) (held []policy.Held) {
	add := func(keys []string, attributes role.Attributes) {
		for _, l := range a.Roles {
			for _, key := range slices.Compact(slices.Sorted(slices.Values(keys))) {
				if key == l.Key {
					r := l.Role
					r.Policy = append(slices.Clone(l.PresetStatements), l.Policy...)
					held = append(held, policy.Held{Role: r, Attributes: attributes})
				}
			}
		}
	}
	add(append(slices.Clone(m.Strangers), m.CustomRoles...), m.RoleAttributes)
	if len(m.CustomRoles)+len(m.Strangers) == 0 {
		held = append(held, policy.Held{Role: BaseRoles("zz", "proj:zz")[m.Role]})
	}
	for _, t := range a.Teams {
		if slices.Contains(m.Teams, t.Key) || slices.Contains(t.Members, m.ID) {
			add(t.CustomRoles, t.RoleAttributes)
		}
	}
	return held
}

// allowedIn says which requests of the world a member may make.
func allowedIn(requests []policy.Request, held []policy.Held, sem policy.Semantics) []bool {
	e := policy.NewEvaluator(held, sem)
	list := make([]bool, len(requests))
	for i, r := range requests {
		list[i] = e.Allows(r)
	}
	return list
}

// parsed reads a request as it is shown.
func parsed(text string) policy.Request {
	actions, spec, err := policy.ParseRequest(text)
	if err != nil {
		panic(err)
	}
	req, err := policy.NewRequest(actions[0], spec)
	if err != nil {
		panic(err)
	}
	return req
}

// someSemantics returns the n-th of the readings that the laws are checked under.
func someSemantics(n int) policy.Semantics {
	sem := policy.DefaultSemantics()
	switch n {
	case 1:
		sem.ViewFrom = policy.SameRole
	case 2:
		sem.NotResources = policy.SameKind
	case 3:
		sem.UnsetAttribute = policy.Everything
	case 4:
		sem.ViewPrecondition = false
	case 5:
		sem.CaseSensitive = false
	}
	return sem
}
