package people

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// TestLawOfTransit writes the things of one account over those of another, one by one in any order, and
// compares what is said after each write with every request of the world.
func TestLawOfTransit(t *testing.T) {
	t.Parallel()
	counts := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		org := drawOrganisation(t)
		for range 5 {
			org.after = moved(org.r, org.after)
		}
		requests := world(org.o.Semantics)
		known := map[string][]bool{}
		allowed := func(a Account, i int) []bool {
			held := holdings(a, a.Members[i])
			name := encode(held)
			if known[name] == nil {
				known[name] = allowedIn(requests, held, org.o.Semantics)
			}
			return known[name]
		}
		var before, after [][]bool
		for i := range org.before.Members {
			before, after = append(before, allowed(org.before, i)), append(after, allowed(org.after, i))
		}
		transit := NewTransit(org.before, org.after, org.o)
		for range rapid.IntRange(1, 2).Draw(t, "ways") { // the second time from what is remembered
			transit.Restart()
			now := Account{slices.Clone(org.before.Roles), slices.Clone(org.before.Members), slices.Clone(org.before.Teams)}
			for _, write := range shuffledWrites(org.r, &now, org.after, transit) {
				write()
				touched := maps.Clone(transit.touched)
				told := map[string]Slip{}
				for _, s := range transit.Slips() {
					told[s.Email] = s
				}
				for i := range touched {
					m := now.Members[i]
					less, more := astray(before[i], allowed(now, i), after[i])
					s := told[m.Email]
					if r, beyond := elsewhere(s.Surplus.Example); beyond { // what the world does not have
						more = more || policy.Evaluate(holdings(now, m), r, org.o.Semantics).Allowed &&
							!policy.Evaluate(holdings(org.before, org.before.Members[i]), r, org.o.Semantics).Allowed &&
							!policy.Evaluate(holdings(org.after, org.after.Members[i]), r, org.o.Semantics).Allowed
					}
					if less != (s.Lost.Example != "") || more != (s.Surplus.Example != "") || len(s.Undecided) > 0 {
						t.Fatalf("%s: lost %v, surplus %v, told %+v", m.Email, less, more, s)
					}
					counts[fmt.Sprintf("lost %v, surplus %v", less, more)]++
				}
			}
		}
	})
	t.Log(counts)
	if !testing.Short() && len(counts) < 4 {
		t.Error("the law says nothing about one of them")
	}
}

// elsewhere reads an example that the world does not have: of a project with two environments, or of a
// type that nobody named.
func elsewhere(example string) (policy.Request, bool) {
	if strings.Contains(example, ":unnamed/") {
		return parsed(example), true
	}
	return inTwo(example)
}

// inTwo reads an example about a project with two environments.
func inTwo(example string) (policy.Request, bool) {
	text, env, wide := strings.Cut(strings.TrimSuffix(example, " too"), ", in a project that has ")
	if !wide {
		return policy.Request{}, false
	}
	r := parsed(text)
	r.Environments = []policy.Part{r.Resource[1], parsed("updateOn on proj/a:" + env + ":flag/a").Resource[1]}
	return r, true
}

// astray says whether something is lost, and whether something is too much.
func astray(before, now, after []bool) (less, more bool) {
	for i := range now {
		less = less || before[i] && after[i] && !now[i]
		more = more || now[i] && !before[i] && !after[i]
	}
	return less, more
}

// shuffledWrites are the writes that make now into after.
func shuffledWrites(r *rand.Rand, now *Account, after Account, transit *Transit) (writes []func()) {
	for i, l := range after.Roles {
		writes = append(writes, func() { now.Roles[i] = l; transit.Role(l.Role) })
	}
	for i, l := range after.Teams {
		writes = append(writes, func() { now.Teams[i] = l; transit.Team(l.Team) })
	}
	for i, l := range after.Members {
		writes = append(writes, func() { now.Members[i] = l; transit.Member(l.Member) })
	}
	r.Shuffle(len(writes), func(i, j int) { writes[i], writes[j] = writes[j], writes[i] })
	return writes
}

// allows is a role that allows these, as "updateOn on proj/a:env/*:flag/*", and views projects.
func allows(key string, list ...string) role.Role {
	r := role.Role{Key: key, BasePermissions: role.NoAccess}
	for _, text := range list {
		effect, action, resource := role.Allow, "", ""
		if rest, denied := strings.CutPrefix(text, "deny "); denied {
			effect, text = role.Deny, rest
		}
		action, resource, _ = strings.Cut(text, " on ")
		r.Policy = append(r.Policy, role.Statement{Effect: effect, Actions: strings.Split(action, ","), Resources: []string{resource}})
	}
	return r
}

const views = "viewProject on proj/*"

// TestTransitMoments are moments that each rule is about.
func TestTransitMoments(t *testing.T) {
	staging := allows("staging", views, "createFlag,updateOn on proj/a:env/staging:flag/*")
	production := allows("production", views, "createFlag,updateOn on proj/a:env/production:flag/*")
	elsewhere := allows("elsewhere", views, "createFlag,updateOn on proj/b:env/production:flag/*")
	view := allows("view", views)
	metric := allows("metric", "createMetric on proj/a:metric/*")
	critical := allows("critical", views, "createFlag on proj/a:env/*;{critical:true}:flag/*")
	notFlags := role.Role{Key: "not", BasePermissions: role.NoAccess, Policy: []role.Statement{
		{Effect: role.Allow, Actions: []string{"*"}, NotResources: []string{"proj/*:env/staging:flag/*"}},
		{Effect: role.Deny, Actions: []string{"createFlag"}, Resources: []string{"proj/a:env/x:flag/*"}},
	}}
	account := func(member string, strangers ...string) Account {
		l := role.LiveMember{ID: "m", Strangers: strangers, Member: role.Member{Email: "m@x", Role: role.NoAccess}}
		if member != "" {
			l.CustomRoles = strings.Split(member, ",")
		}
		a := Account{Members: []role.LiveMember{l}}
		for _, r := range []role.Role{staging, production, elsewhere, view, metric, critical, notFlags} {
			a.Roles = append(a.Roles, role.Live{Role: r})
		}
		return a
	}
	perRole := policy.DefaultSemantics()
	perRole.EnvironmentWide = policy.PerRole
	for _, tt := range []struct {
		name, before, now, after string
		strangers                []string
		sem                      policy.Semantics
		want                     string
	}{
		{name: "nothing between", before: "staging", now: "staging", after: "production"},
		{name: "gone and back", before: "staging", now: "view", after: "staging", want: "lost"},
		{name: "neither has it", before: "view", now: "metric,view", after: "view", want: "surplus createMetric on proj/a:metric/"},
		{name: "of different projects", before: "staging", now: "staging,elsewhere", after: "elsewhere"},
		{name: "in every environment of two", before: "staging", now: "staging,production", after: "production", want: "in a project that has env/"},
		{name: "in a critical one and another", before: "staging", now: "staging,critical", after: "critical", want: "in a project that has env/"},
		{name: "in all but one", before: "staging", now: "staging,not,view", after: "not,view", want: "in a project that has env/"},
		{name: "view of one, use of the other", before: "metric", now: "metric,view", after: "view", want: "surplus createMetric"},
		{name: "per role, several roles", before: "staging", now: "critical,view", after: "production", sem: perRole, want: "undecided one role must allow"},
		{name: "per role, more and less", before: "view", now: "view,staging", after: "view,staging,production", sem: perRole},
		{name: "a stranger throughout", before: "view,staging", now: "view", after: "view", strangers: []string{"s"}},
		{name: "a stranger may make up for it", before: "staging,view", now: "view", after: "staging", strangers: []string{"s"}, want: `undecided role "s" is not in what is known`},
		{name: "a stranger may have had it", before: "view", now: "view,metric", after: "view", strangers: []string{"s"}, want: `undecided role "s" is not in what is known`},
		{name: "per role, each of one end", before: "staging", now: "staging,production", after: "production", sem: perRole},
		{name: "an unknown role throughout", before: "unknown,metric", now: "unknown", after: "unknown,view"},
		{name: "an unknown role is missing for a moment", before: "unknown,view", now: "view", after: "unknown,metric", want: `undecided role "unknown" is not`},
		{name: "an unknown role is missing", before: "unknown,view", now: "staging", after: "unknown,metric", want: `undecided role "unknown" is not`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := Options{Semantics: tt.sem}
			if tt.sem == (policy.Semantics{}) {
				o.Semantics = policy.DefaultSemantics()
			}
			before, after := account(tt.before, tt.strangers...), account(tt.after, tt.strangers...)
			transit := NewTransit(before, after, o)
			transit.Member(account(tt.now).Members[0].Member)
			transit.Member(role.Member{Email: "nobody@x"})
			got := tellSlips(transit.Slips())
			if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
				t.Errorf("%q, want %q", got, tt.want)
			}
			if again := tellSlips(transit.Slips()); again != "" {
				t.Errorf("told again without a write: %q", again)
			}
			transit.Restart()
			transit.Only([]string{"m@x"})
			transit.Member(account(tt.now).Members[0].Member)
			if more := tellSlips(transit.Surplus()); strings.Contains(more, "lost") || strings.Contains(tt.want, "surplus") && more != got {
				t.Errorf("the surplus alone is %q, all is %q", more, got)
			}
		})
	}
}

func tellSlips(slips []Slip) string {
	var list []string
	for _, s := range slips {
		if s.Lost.Example != "" {
			list = append(list, "lost "+s.Lost.Example)
		}
		if s.Surplus.Example != "" {
			list = append(list, "surplus "+s.Surplus.Example)
		}
		for _, why := range s.Undecided {
			list = append(list, "undecided "+why)
		}
	}
	return strings.Join(list, "; ")
}

// TestTransitDescribes: slips are put into the words of policies, as many as asked for.
func TestTransitDescribes(t *testing.T) {
	a := Account{Roles: []role.Live{{Role: allows("r", views, "updateOn on proj/a:env/*:flag/*")}}}
	for i := range 3 {
		a.Members = append(a.Members, role.LiveMember{ID: fmt.Sprint(i), Pending: i == 1, Member: role.Member{
			Email: fmt.Sprint(i, "@x"), Role: []string{role.NoAccess, role.NoAccess, role.Reader}[i], CustomRoles: []string{"r"},
		}})
	}
	transit := NewTransit(a, a, Options{Semantics: policy.DefaultSemantics()})
	transit.Role(allows("r", views))
	transit.Gone("none")
	slips := transit.Slips()
	if len(slips) != 3 || slips[0].Pending || !slips[1].Pending || slips[0].verdict != slips[1].verdict {
		t.Fatalf("%+v", slips)
	}
	transit.Describe(slips, 0)
	if slips[0].Lost.Described {
		t.Error("described without being asked")
	}
	transit.Describe(slips, 1)
	if !slips[0].Lost.Described || len(slips[1].Lost.Lines) == 0 || !slips[0].Lost.Exact {
		t.Errorf("not described: %+v", slips[0].Lost)
	}
	transit.Restart()
	transit.Only([]string{"2@x"})
	transit.Gone("r")
	if only := transit.Slips(); len(only) != 1 || only[0].Email != "2@x" {
		t.Errorf("%+v", only)
	}
}
