package access_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

func asked() []policy.Held {
	return []policy.Held{{
		Role: role.Role{Key: "ops", BasePermissions: role.NoAccess, Policy: []role.Statement{
			{Effect: role.Allow, Actions: []string{"viewProject"}, Resources: []string{"proj/${roleAttribute/p}", "proj/web"}},
			{Effect: role.Allow, Actions: []string{"updateOn"}, Resources: []string{"proj/web:env/*:flag/*"}},
			{Effect: role.Deny, Actions: []string{"*"}, NotResources: []string{"proj/web:env/*:flag/*;${roleAttribute/t}", "proj/web:env/*:flag/*;view:${roleAttribute/v}", "proj/web:env/*:flag/*;a,{critical:true}", "proj/web", "broken::"}},
		}},
	}}
}

func TestCan(t *testing.T) {
	for _, tt := range []struct {
		question string
		want     string
		because  string // in some cause
		near     string // in the near miss
	}{
		{"viewProject on proj/web", access.SaysYes, "statement 1", ""},
		{"viewProject on proj/other", access.SaysNo, "no role allows", "statement 1"},
		{"viewProject on proj/*", access.SaysPartly, "statement 1", "statement 1"},
		{"updateTags on proj/web:env/*:flag/*", access.SaysNo, "no role allows", "statement 2"},
		{"updateOn on proj/web:env/e:flag/f", access.SaysNo, "statement 3", "but is stopped by statement 3"},
	} {
		t.Run(tt.question, func(t *testing.T) {
			engine := access.New(policy.DefaultSemantics(), access.Budget{})
			replies, err := engine.Can(asked(), tt.question)
			if err != nil || len(replies) != 1 {
				t.Fatalf("%v, %v", replies, err)
			}
			r := replies[0]
			if r.Question != tt.question {
				t.Errorf("asked %q", r.Question)
			}
			if r.Answer != tt.want && !(r.Answer == access.SaysUndecided && strings.Contains(tt.question, "*")) {
				t.Errorf("answer %s, want %s", r.Answer, tt.want)
			}
			if !slices.ContainsFunc(r.Because, func(c access.Cause) bool { return strings.Contains(c.Text, tt.because) }) {
				t.Errorf("because %v, want %q", r.Because, tt.because)
			}
			if tt.near != "" && (r.Near == nil || !strings.Contains(r.Near.Text, tt.near)) {
				t.Errorf("near %v, want %q", r.Near, tt.near)
			}
			if !slices.ContainsFunc(r.Notes, func(n string) bool { return strings.Contains(n, `role attribute "t"`) }) {
				t.Errorf("notes %q", r.Notes)
			}
		})
	}
}

// TestCanAll asks what a sound role allows altogether, and of one whose base permissions come near.
func TestCanAll(t *testing.T) {
	engine := access.New(policy.DefaultSemantics(), access.Budget{})
	held := []policy.Held{{Role: role.Role{Key: "r", BasePermissions: role.Reader, Policy: []role.Statement{
		{Effect: role.Allow, Actions: []string{"updateOn", "updateRules"}, Resources: []string{"proj/*:env/*:flag/*"}},
		{Effect: role.Deny, Actions: []string{"viewSdkKey"}, Resources: []string{"proj/*:env/*"}},
		{Effect: role.Deny, Actions: []string{"view*"}, Resources: []string{"proj/*:env/*"}},
	}}}}
	replies, err := engine.Can(held, "updateOn, updateRules on proj/*:env/*:flag/*")
	if err != nil || len(replies) != 2 || replies[0].Answer != access.SaysYes || replies[1].Answer != access.SaysYes {
		t.Errorf("%+v, %v", replies, err)
	}
	replies, err = engine.Can(held, "viewSdkKey on proj/p:env/e")
	if err != nil || replies[0].Answer != access.SaysNo || !strings.Contains(replies[0].Near.Text, "base permissions, matches, but is stopped by statement 2 and 3") {
		t.Errorf("%+v, %v", replies[0].Near, err)
	}
	if _, err := engine.Can(held, "updateOn"); err == nil {
		t.Error("half a question was taken")
	}
}

// TestCanMany asks a sound role about many requests at once.
func TestCanMany(t *testing.T) {
	held := []policy.Held{{Role: role.Role{Key: "r", BasePermissions: role.NoAccess, Policy: []role.Statement{
		{Effect: role.Allow, Actions: []string{"viewProject"}, Resources: []string{"proj/*"}},
		{Effect: role.Allow, Actions: []string{"update*"}, Resources: []string{"proj/*:env/*;{critical:false}:flag/*"}},
	}}}}
	for _, tt := range []struct {
		question, answer string
		allowed, denied  string // the examples, but for keys that mean nothing
	}{
		{"updateOn on proj/web:env/test;{critical:false}:flag/*", access.SaysYes, "updateOn on proj/web:env/test", ""},
		{
			"updateOn on proj/web:env/test:flag/*", access.SaysPartly,
			"updateOn on proj/web:env/test;{critical:false}", "updateOn on proj/web:env/test;{critical:true}",
		},
		{"updateOn on proj/web:env/*;{critical:true}:flag/f", access.SaysNo, "", "updateOn on proj/web:env/any-env;{critical:true}:flag/f"},
		{"* on proj/web:env/e:flag/f", access.SaysPartly, "update", "on proj/web:env/e"},
		{"updateOn on proj/web:env/*;{colour:red}:flag/*", access.SaysNo, "", ""}, // there is no such resource
	} {
		replies, err := access.New(policy.DefaultSemantics(), access.Budget{}).Can(held, tt.question)
		if err != nil || len(replies) != 1 {
			t.Fatalf("%s: %v, %v", tt.question, replies, err)
		}
		r := replies[0]
		if r.Answer != tt.answer || !strings.Contains(r.Allowed, tt.allowed) || !strings.Contains(r.Denied, tt.denied) ||
			(r.Allowed == "") != (tt.allowed == "") || (r.Denied == "") != (tt.denied == "") {
			t.Errorf("%s: %+v", tt.question, r)
		}
	}
	crossing := policy.DefaultSemantics()
	crossing.GlobCrossesColon = true
	replies, err := access.New(crossing, access.Budget{}).Can(held, "updateOn on proj/*:env/*:flag/*")
	if err != nil || replies[0].Answer != access.SaysUndecided || !strings.Contains(replies[0].Notes[0], "not modelled") {
		t.Errorf("over colons: %+v, %v", replies, err)
	}
	replies, err = access.New(policy.DefaultSemantics(), access.Budget{Steps: 1}).Can(held, "updateOn on proj/*a:env/*b:flag/*")
	if err != nil || replies[0].Answer != access.SaysUndecided {
		t.Errorf("without a budget: %+v, %v", replies, err)
	}
}

// TestCanEverywhere: an answer for one environment is not all where every other counts too.
func TestCanEverywhere(t *testing.T) {
	held := []policy.Held{{Role: role.Role{Key: "r", BasePermissions: role.NoAccess, Policy: []role.Statement{
		{Effect: role.Allow, Actions: []string{"viewProject"}, Resources: []string{"proj/*"}},
		{Effect: role.Allow, Actions: []string{"update*", "createRole"}, Resources: []string{"proj/*:env/*:flag/*"}},
	}}}}
	folding := policy.DefaultSemantics()
	folding.CaseSensitive = false
	for _, tt := range []struct {
		question string
		sem      policy.Semantics
		about    string // the action that the note names, "" for no note
	}{
		{"updateTags on proj/p:env/e:flag/f", policy.DefaultSemantics(), "updateTags"},
		{"updateTags on proj/p:env/*:flag/*", policy.DefaultSemantics(), "updateTags"},
		{"updateT* on proj/p:env/*:flag/*", policy.DefaultSemantics(), "updateTags"},
		{"UPDATET* on proj/p:env/e:flag/f", folding, "updateTags"},
		{"UPDATET* on proj/p:env/e:flag/f", policy.DefaultSemantics(), ""},
		{"updateOn on proj/p:env/e:flag/f", policy.DefaultSemantics(), ""},
		{"updateRules* on proj/p:env/e:flag/*", policy.DefaultSemantics(), ""},
		{"createFlag on proj/p:env/e:flag/f", policy.DefaultSemantics(), ""}, // is not allowed anyway
		{"updateTags on proj/p", policy.DefaultSemantics(), ""},
	} {
		replies, err := access.New(tt.sem, access.Budget{}).Can(held, tt.question)
		if err != nil {
			t.Fatalf("%s: %v", tt.question, err)
		}
		notes := strings.Join(replies[0].Notes, "\n")
		if said := strings.Contains(notes, "every environment"); said != (tt.about != "") || said && !strings.HasPrefix(notes, `"`+tt.about+`" changes`) {
			t.Errorf("%s: %s, notes %q", tt.question, replies[0].Answer, notes)
		}
	}
}

func TestAttributesOf(t *testing.T) {
	if got := access.AttributesOf(asked()[0].Role); !slices.Equal(got, []string{"p", "t", "v"}) {
		t.Errorf("attributes %q", got)
	}
}
