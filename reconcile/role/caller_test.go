package role

import "testing"

func TestOfMember(t *testing.T) {
	for _, test := range []struct {
		caller Caller
		want   bool
	}{
		{Caller{Known: true, MemberID: "m"}, true},
		{Caller{MemberID: "m"}, false},
		{Caller{Known: true, BaseRole: "reader"}, false},
		{Caller{Known: true, CustomRoles: []string{"ops"}}, false},
		{Caller{Known: true, Inline: []Statement{{}}}, false},
	} {
		if got := test.caller.OfMember(); got != test.want {
			t.Errorf("%+v: %v", test.caller, got)
		}
	}
}
