package people

import (
	"testing"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// What a vector rests on.
const (
	stated   = "stated by LaunchDarkly"
	prose    = "LaunchDarkly's prose and our reading of it"
	inferred = "inferred, no source"
)

// vectors are the cases that follow from LaunchDarkly's sentences on who may do what, as accounts.
// TestVectors of package policy has the same as lists of roles.
var vectors = []struct {
	number  int
	basis   string
	account Account // the one that is asked about is ana
	sem     func(*policy.Semantics)
	yes, no []string
}{
	{
		number: 1, basis: stated,
		account: person([]string{"r"}, live("r", seeing, "allow * on "+flags, "deny updateOn on proj/*:env/production:flag/*")),
		yes:     []string{"updateOn on proj/a:env/test:flag/f"}, no: []string{"updateOn on proj/a:env/production:flag/f"},
	},
	{
		number: 1, basis: stated,
		account: person([]string{"r"}, live("r", "deny updateOn on proj/*:env/production:flag/*", "allow * on "+flags, seeing)),
		yes:     []string{"updateOn on proj/a:env/test:flag/f"}, no: []string{"updateOn on proj/a:env/production:flag/f"},
	},
	{
		number: 2, basis: stated,
		account: person([]string{"a", "b"}, live("a", seeing, "allow * on "+flags, "deny updateOn on proj/*:env/production:flag/*"), live("b", "allow updateOn on proj/*:env/production:flag/*")),
		yes:     []string{"updateOn on proj/a:env/production:flag/f"},
	},
	{
		number: 3, basis: stated,
		account: person([]string{"r"}, live("r", "allow viewProject on proj/a")),
		yes:     []string{"viewProject on proj/a"}, no: []string{"updateOn on proj/a:env/e:flag/f", "updateOn on proj/b:env/e:flag/f", "* on proj/*:env/*:flag/*"},
	},
	{
		number: 4, basis: stated,
		account: Account{
			Roles: []role.Live{live("r", "allow viewProject on proj/a")}, Teams: []role.LiveTeam{team("t", "r")},
			Members: []role.LiveMember{in(member("ana", "writer"), "t")},
		},
		yes: []string{"viewProject on proj/a", "updateOn on proj/a:env/e:flag/f", "updateOn on proj/b:env/e:flag/f", "* on proj/*:env/*:flag/*"},
	},
	{
		number: 5, basis: prose,
		account: person([]string{"r"}, live("r", "reader", "deny viewProject on proj/a")),
		yes:     []string{"viewProject on proj/b"}, no: []string{"viewProject on proj/a"},
	},
	{
		number: 5, basis: prose,
		account: person([]string{"r", "s"}, live("r", "reader", "deny viewProject on proj/a"), live("s", "reader")),
		yes:     []string{"viewProject on proj/a", "viewProject on proj/*"},
	},
	{
		number: 6, basis: prose,
		account: person([]string{"r"}, live("r", "allow * on proj/a:env/*:flag/*")),
		no:      []string{"updateOn on proj/a:env/e:flag/f", "* on proj/a:env/*:flag/*"},
	},
	{
		number: 7, basis: stated,
		account: person([]string{"r"}, live("r", seeing, "allow updateOn on proj/*:env/*:flag/*;a,b")),
		yes:     []string{"updateOn on proj/p:env/e:flag/f;a,b"}, no: []string{"updateOn on proj/p:env/e:flag/f;a", "updateOn on proj/p:env/e:flag/f;b"},
	},
	{
		number: 7, basis: stated,
		account: person([]string{"r"}, live("r", seeing, "allow updateOn on proj/*:env/*:flag/*;a proj/*:env/*:flag/*;b")),
		yes:     []string{"updateOn on proj/p:env/e:flag/f;a", "updateOn on proj/p:env/e:flag/f;b"}, no: []string{"updateOn on proj/p:env/e:flag/f;c"},
	},
	{
		number: 8, basis: stated,
		account: person([]string{"r"}, live("r", seeing, "allow * on "+flags, "deny updateOn on proj/*:env/*;{critical:true}:flag/*")),
		yes:     []string{"updateOn on proj/p:env/*;{critical:false}:flag/*"}, no: []string{"updateOn on proj/p:env/*;{critical:true}:flag/*"},
	},
	{
		number: 9, basis: stated,
		account: Account{
			Roles: []role.Live{live("r", seeing, "allow updateOn on proj/${roleAttribute/p}:env/*:flag/*")},
			Members: []role.LiveMember{{Member: role.Member{
				Email: "ana@example.com", CustomRoles: []string{"r"}, RoleAttributes: role.Attributes{"p": {"x", "y"}},
			}}},
		},
		yes: []string{"updateOn on proj/x:env/*:flag/*", "updateOn on proj/y:env/*:flag/*"}, no: []string{"updateOn on proj/z:env/*:flag/*"},
	},
	{
		number: 9, basis: inferred,
		account: person([]string{"r"}, live("r", seeing, "allow updateOn on proj/${roleAttribute/p}:env/*:flag/*")),
		no:      []string{"updateOn on proj/*:env/*:flag/*"},
	},
	{
		number: 10, basis: inferred, sem: func(s *policy.Semantics) { s.NotResources = policy.SameKind },
		account: person([]string{"r"}, live("r", seeing, "allow * on not proj/*:env/production:flag/*")),
		yes:     []string{"updateOn on proj/p:env/test:flag/*"}, no: []string{"updateOn on proj/p:env/production:flag/*", "* on proj/p:metric/*", "updateName on proj/p:env/*"},
	},
}

// person is the account of a reader who holds roles.
func person(own []string, roles ...role.Live) Account {
	return Account{Roles: roles, Members: []role.LiveMember{member("ana", "reader", own...)}}
}

func TestVectors(t *testing.T) {
	seen := map[int]bool{}
	for _, v := range vectors {
		o := defaults
		if v.sem != nil {
			v.sem(&o.Semantics)
		}
		for want, questions := range map[string][]string{access.SaysYes: v.yes, access.SaysNo: v.no} {
			for _, q := range questions {
				full, err := Can(v.account, Who{Email: "ana@example.com"}, box(t, q), o)
				if brief := WhoCan(v.account, box(t, q), o)[0]; full.Answer != want || brief.Answer != want || err != nil {
					t.Errorf("vector %d (%s): %s: %+v, %+v %v", v.number, v.basis, q, full, brief, err)
				}
			}
		}
		seen[v.number] = true
	}
	if len(seen) != 10 {
		t.Errorf("%d vectors of 10", len(seen))
	}
}

// TestVectorEveryEnvironment is the second half of vector 8, inferred: a deny in critical
// environments of an action that changes all of them stops it there, and the answer says that this
// is for a project without other environments.
func TestVectorEveryEnvironment(t *testing.T) {
	a := person([]string{"r"}, live("r", seeing, "allow * on "+flags, "deny updateTags on proj/*:env/*;{critical:true}:flag/*"))
	got := can(t, a, "ana", "updateTags on proj/p:env/*:flag/*")
	if got.Answer != access.SaysPartly || len(got.Notes) != 1 {
		t.Errorf("%+v", got)
	}
}
