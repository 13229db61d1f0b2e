package role_test

import (
	"strings"
	"testing"

	"github.com/rolewright/rolewright/reconcile/role"
)

func TestCheckKey(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ key, want string }{
		{"a", ""},
		{"Flag_operator.v2-x", ""},
		{"0", ""},
		{strings.Repeat("k", role.MaxKey), ""},
		{"507f1f77bcf86cd79943901", ""},   // 23 digits
		{"507f1f77bcf86cd7994390111", ""}, // 25 digits
		{"507F1F77BCF86CD799439011", ""},  // ids are lower case
		{"Admin", ""},
		{"", "empty"},
		{strings.Repeat("k", role.MaxKey+1), "longer"},
		{"507f1f77bcf86cd799439011", "ids"},
		{"reader", "base role"},
		{"writer", "base role"},
		{"admin", "base role"},
		{"owner", "base role"},
		{"no_access", "base role"},
		{"..", "use letters"},
		{".hidden", "use letters"},
		{"-rf", "use letters"},
		{"_x", "use letters"},
		{"../../members/x", "use letters"},
		{"a/b", "use letters"},
		{"a?limit=1", "use letters"},
		{"a#b", "use letters"},
		{"a%2fb", "use letters"},
		{"a b", "use letters"},
		{"a\n", "use letters"},
		{"clé", "use letters"},
		{"${HOME}", "use letters"},
		{"a\xff", "use letters"},
	} {
		err := role.CheckKey(test.key)
		switch {
		case test.want == "" && err != nil:
			t.Errorf("%q: %v", test.key, err)
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%q: error %v, want one with %q", test.key, err, test.want)
		}
	}
}
