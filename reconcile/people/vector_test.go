package people

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// A vector is a case that follows from LaunchDarkly's sentences on who may do what, as an account: ana
// is asked, who may be in a team. TestVectors of package policy has the same as lists of roles, and
// TestVectors of cmd/rolewright takes them from files through an account.
type vector struct {
	Number    int
	Basis     string              // what it rests on
	Comment   string              // for who reads the table
	Semantics []string            // "name=value", over the default
	Roles     map[string][]string // statements as live reads them
	Member    role.Member
	Team      []string // the roles of her team; nil is no team
	// Yes, No and Partly are questions by their answers.
	Yes, No, Partly []string
}

func vectors(t *testing.T) (list []vector) {
	t.Helper()
	data, err := os.ReadFile("testdata/vectors.json")
	if err == nil {
		err = json.Unmarshal(data, &list)
	}
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func (v vector) account() Account {
	ana := role.LiveMember{ID: "id-ana", Member: v.Member}
	ana.Email = "ana@example.com"
	a := Account{}
	for _, key := range slices.Sorted(maps.Keys(v.Roles)) {
		a.Roles = append(a.Roles, live(key, v.Roles[key]...))
	}
	if v.Team != nil {
		a.Teams, ana = []role.LiveTeam{team("t", v.Team...)}, in(ana, "t")
	}
	a.Members = []role.LiveMember{ana}
	return a
}

// person is the account of a reader who holds roles.
func person(own []string, roles ...role.Live) Account {
	return Account{Roles: roles, Members: []role.LiveMember{member("ana", "reader", own...)}}
}

func TestVectors(t *testing.T) {
	seen := map[int]bool{}
	for _, v := range vectors(t) {
		sem, err := policy.ParseSemantics(v.Semantics)
		if err != nil {
			t.Fatal(err)
		}
		o := Options{Semantics: sem}
		for want, questions := range map[string][]string{access.SaysYes: v.Yes, access.SaysNo: v.No, access.SaysPartly: v.Partly} {
			for _, q := range questions {
				full, err := Can(v.account(), Who{Email: "ana@example.com"}, box(t, q), o)
				if brief := WhoCan(v.account(), box(t, q), o)[0]; full.Answer != want || brief.Answer != want || err != nil {
					t.Errorf("vector %d (%s): %s: %+v, %+v %v", v.Number, v.Basis, q, full, brief, err)
				}
			}
		}
		seen[v.Number] = true
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
