package policy

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestExcludedTags is the example of LaunchDarkly's page on tags, "all flags except those tagged
// tag1 or tag2", written as there. Under the documented algorithm it leaves out only flags with
// both tags, and grants the administration of the account besides.
func TestExcludedTags(t *testing.T) {
	held := []Held{hold("allow * on not proj/*:env/*:flag/*;tag1", "allow * on not proj/*:env/*:flag/*;tag2")}
	for _, c := range []struct {
		request            string
		everyKind, oneKind bool
	}{
		{"updateOn on proj/p:env/e:flag/f", true, true},
		{"updateOn on proj/p:env/e:flag/f;tag1", true, true},
		{"updateOn on proj/p:env/e:flag/f;tag2", true, true},
		{"updateOn on proj/p:env/e:flag/f;tag1,tag2", false, false},
		{"updateAccountOwner on acct", true, false},
		{"updatePolicy on role/admin", true, false},
		{"updateCustomRole on member/me@example.com", true, false},
		{"deleteProject on proj/p", true, false},
	} {
		req := ask(c.request)
		if got := Evaluate(held, req, DefaultSemantics()).Allowed; got != c.everyKind {
			t.Errorf("every kind: %s: %v", req, got)
		}
		if got := Evaluate(append(held, viewing), req, under("notResources=sameKind")).Allowed; got != c.oneKind {
			t.Errorf("same kind: %s: %v", req, got)
		}
	}
}

// TestInvertedDeny: a public configuration denies notActions [review, apply, bypass] under a
// comment that says members cannot do these. They are all that is left.
func TestInvertedDeny(t *testing.T) {
	held := []Held{viewing, hold("allow * on proj/*:env/*:flag/*",
		"deny not reviewApprovalRequest applyApprovalRequest bypassRequiredApproval on proj/*:env/production:flag/*")}
	for action, want := range map[string]bool{
		"reviewApprovalRequest": true, "applyApprovalRequest": true, "bypassRequiredApproval": true,
		"updateOn": false, "createApprovalRequest": false, "deleteFlag": false,
	} {
		if d := Evaluate(held, ask(action+" on proj/p:env/production:flag/f"), DefaultSemantics()); d.Allowed != want {
			t.Errorf("%s: %v", action, d.Allowed)
		}
	}
}

// TestStoppedByOneEnvironment: the decision names the environment and the deny.
func TestStoppedByOneEnvironment(t *testing.T) {
	held := []Held{viewing, hold("allow * on proj/*:env/*:flag/*", "deny updateTags on proj/*:env/*;{critical:true}:flag/*")}
	d := Evaluate(held, ask("updateTags on proj/p:env/test:flag/f", "env/test", "env/staging", "env/production;{critical:true}"), DefaultSemantics())
	want := []string{
		`role "r", statement 2, denies "updateTags" on "proj/*:env/*;{critical:true}:flag/*"`,
		`the action changes every environment, and no role allows "updateTags on proj/p:env/production;{critical:true}:flag/f"`,
	}
	if diff := cmp.Diff(want, texts(d.Deciding())); d.Allowed || diff != "" {
		t.Errorf("allowed %v: %s", d.Allowed, diff)
	}
	if diff := cmp.Diff([]string{"allow", "allow", "allow", "deny", "allow", "environment"}, kinds(d.Reasons)); diff != "" {
		t.Error(diff)
	}
}
