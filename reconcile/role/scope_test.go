package role_test

import (
	"testing"

	"github.com/rolewright/rolewright/reconcile/role"
)

func TestCovers(t *testing.T) {
	s := role.Scope{Include: []string{"team-*", "ops"}, Ignore: []string{"*-old"}}
	tests := map[string]string{
		"team-web":     "",
		"ops":          "",
		"team-web-old": `"*-old" of "ignore" matches it`,
		"admin":        `nothing in "include" matches it`,
	}
	for key, want := range tests {
		if ok, reason := s.Covers(key); ok != (want == "") || reason != want {
			t.Errorf("Covers(%q) = %v, %q", key, ok, reason)
		}
	}
	if ok, _ := (role.Scope{}).Covers("x"); ok {
		t.Error("the empty scope covers something")
	}
}
