package plan_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/plan"
	semantics "github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// risky are the codes of the risks of giving a role that may view all projects one more statement.
func risky(t *testing.T, text string) []string {
	t.Helper()
	var codes []string
	for _, r := range weighed(t, roleOf(viewAll), roleOf(viewAll, text)).Risk {
		codes = append(codes, r.Code)
	}
	return codes
}

// whole is the specifier of all resources of a kind; selector follows its environment.
func whole(kind, selector string) string {
	var parts []string
	for typ := range strings.SplitSeq(kind, ":") {
		switch t, _ := semantics.DefaultCatalogue().Type(typ); {
		case t.Naming == semantics.NeverNamed:
			parts = append(parts, typ)
		case typ == "env":
			parts = append(parts, "env/*"+selector)
		default:
			parts = append(parts, typ+"/*")
		}
	}
	return strings.Join(parts, ":")
}

// TestRisksOfTheCatalogue gives each action of the catalogue on its own, and an action that nobody
// knows: those on types of the account are a risk of the account or an escalation, those in
// critical environments and those that delete have theirs, and looking has none.
func TestRisksOfTheCatalogue(t *testing.T) {
	t.Parallel()
	asked := 0
	for _, typ := range semantics.DefaultCatalogue().Types() {
		actions := []string{"explode", "*"}
		for _, a := range typ.Actions {
			actions = append(actions, a.Name)
		}
		for _, kind := range typ.Kinds {
			for _, action := range actions {
				asked += checkRisks(t, typ, kind, action)
			}
		}
	}
	if asked < 600 {
		t.Errorf("only %d gains were looked at", asked)
	}
	t.Logf("%d gains", asked)
}

// checkRisks looks at one action on one kind, in critical environments and in others.
func checkRisks(t *testing.T, typ semantics.ResourceType, kind, action string) int {
	t.Helper()
	selectors := []string{""}
	if strings.Contains(kind, ":env") {
		selectors = []string{";{critical:true}", ";{critical:false}"}
	}
	for _, selector := range selectors {
		text := fmt.Sprintf("allow %s on %s", action, whole(kind, selector))
		if action == "viewProject" && kind == "proj" {
			return 0 // is there already
		}
		codes := risky(t, text)
		if strings.HasPrefix(action, "view") {
			if len(codes) > 0 {
				t.Errorf("%s: risks %v of looking", text, codes)
			}
			continue
		}
		has := func(code string) bool { return slices.Contains(codes, code) }
		if account := typ.Category == "account"; account == !(has("account") || has("escalation")) {
			t.Errorf("%s: risks %v, of the account: %t", text, codes, account)
		}
		if critical := selector == ";{critical:true}"; critical != has("critical") {
			t.Errorf("%s: risks %v, critical: %t", text, codes, critical)
		}
		if deletes := strings.HasPrefix(action, "delete") || action == "*"; deletes != has("delete") {
			t.Errorf("%s: risks %v, deletes: %t", text, codes, deletes)
		}
	}
	return len(selectors)
}

// TestRisks are the cases that are not told by the catalogue.
func TestRisks(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"allow updatePolicy on role/*":                                      {"escalation"},
		"allow * on role/*":                                                 {"escalation", "delete"},
		"allow updateRole on member/ana@example.com":                        {"escalation"},
		"allow createAccessToken on member/*:token/*":                       {"escalation"},
		"allow createAccessToken on service-token/*":                        {"escalation"},
		"allow updatePendingRequest on pending-request/*":                   {"escalation"},
		"allow updateSamlDefaultRole on acct":                               {"escalation", "account"},
		"allow createScimConfig on acct":                                    {"escalation", "account"},
		"allow updateSubscription on acct":                                  {"account"},
		"allow view* on acct":                                               nil,
		"allow createTeleporter on teleporter/*":                            {"account"}, // a type of tomorrow
		"allow createTeleporter on proj/*:teleporter/*":                     nil,
		"allow updateTeleporter on proj/*:env/*:teleporter/*":               {"critical"},
		"allow updateTeleporter on proj/*:env/*;{critical:false}:flag/*":    nil,
		"allow updateOn on proj/web:env/production:flag/*":                  {"critical"}, // it may be one
		"allow updateOn on proj/web:env/production;{critical:false}:flag/*": nil,
		"allow !delete* on proj/*:metric/*":                                 nil,
		"allow !deleteMetric on proj/*:metric/*":                            {"delete"}, // whatever else begins so
		"allow !delete* on proj/*:ai-tool/*":                                nil,
		"allow d* on proj/*:ai-tool/*":                                      {"delete"},
		"allow * on !proj/*:env/*:flag/*;x":                                 {"escalation", "account", "critical", "delete"},
		"allow Delete* on proj/*:metric/*":                                  {"delete"}, // in case case does not count
	} {
		if got := risky(t, text); !slices.Equal(got, want) {
			t.Errorf("%s: risks %v, want %v", text, got, want)
		}
	}
}

// TestRisksOfTheUnknown gains what has no name in the catalogue, and nothing that has.
func TestRisksOfTheUnknown(t *testing.T) {
	t.Parallel()
	var known []string
	for _, typ := range semantics.DefaultCatalogue().Types() {
		for _, kind := range typ.Kinds {
			known = append(known, whole(kind, ""))
		}
	}
	if got := risky(t, "allow * on !"+strings.Join(known, ",")); !slices.Equal(got, []string{"account", "critical"}) {
		t.Errorf("risks %v", got)
	}
}

// TestLevels has the one code that comes with two levels.
func TestLevels(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]plan.Level{
		"allow updateSubscription on acct":                                           plan.High,
		"allow createApplication on application/*":                                   plan.Medium,
		"allow createCodeRefsRepository on code-reference-repository/*":              plan.Medium,
		"allow createTemplate on template/*":                                         plan.Medium,
		"allow createTemplate,createWebhook on template/*,webhook/*":                 plan.High,
		"allow updateConfiguration,createApplication on integration/*,application/*": plan.High,
	} {
		c := weighed(t, roleOf(viewAll), roleOf(viewAll, text))
		if len(c.Risk) != 1 || c.Risk[0].Code != "account" || c.Risk[0].Level != want {
			t.Errorf("%s: %+v, want level %s", text, c.Risk, want)
		}
	}
}

// TestRisksOfSeveral has one engine weigh changes on the same kind of resource.
func TestRisksOfSeveral(t *testing.T) {
	t.Parallel()
	p := plan.Make([]role.Desired{
		want("a", wantPolicy(viewAll, "allow updateOn on proj/*:env/*;{critical:false}:flag/*")),
		want("b", wantPolicy(viewAll, "allow updateOn on proj/*:env/*:flag/*")),
		want("c", wantPolicy(viewAll, "allow updateOn on proj/*:env/*;{critical:false}:flag/*;x")),
	}, nil, weighing())
	for i, want := range []int{0, 1, 0} {
		if got := p.Changes[i].Risk; len(got) != want {
			t.Errorf("%s: %v, want %d risks", p.Changes[i].Key, got, want)
		}
	}
}

// TestRisksOfTheUndecided takes what could not be found out for gained.
func TestRisksOfTheUndecided(t *testing.T) {
	t.Parallel()
	some := func(names ...string) (list []access.Action) {
		for _, n := range names {
			list = append(list, access.Action{Name: n})
		}
		return list
	}
	for _, test := range []struct {
		kind    string
		actions []access.Action
		want    []string
	}{
		{"role", nil, []string{"escalation", "delete"}},
		{"acct", nil, []string{"escalation", "account", "delete"}},
		{"proj:env:flag", nil, []string{"critical", "delete"}},
		{"proj:env:flag", some("viewThing", "updateOn"), []string{"critical"}},
		{"proj:env:flag", some("viewThing"), nil},
		{"proj:metric", some("updateOn"), nil},
		{"", nil, nil}, // what has no place: the verdict says undecided
	} {
		var codes []string
		for _, r := range plan.RisksOfUndecided(access.Question{Kind: test.kind, Actions: test.actions, Why: "x"}) {
			codes = append(codes, r.Code)
		}
		if !slices.Equal(codes, test.want) {
			t.Errorf("%q %v: risks %v, want %v", test.kind, test.actions, codes, test.want)
		}
	}
}
