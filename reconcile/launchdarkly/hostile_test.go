package launchdarkly

import (
	"fmt"
	"strings"
	"testing"
)

// TestWeight: an answer that is small and takes much memory is refused, one of a large account is not.
func TestWeight(t *testing.T) {
	for _, item := range []string{`{}`, `{"key":"a"}`, `1`, `[]`} {
		text := `{"items":[` + strings.Repeat(item+",", 20<<20/(len(item)+1)) + item + `]}`
		_, err := parse([]byte(text))
		check(t, err, "it holds more than 80 MiB of objects and values")
	}
	statement := `{"effect":"allow","actions":["updateOn","updateTargets","updateRules","updateFallthrough"],"resources":["proj/*:env/*:flag/*","proj/web:env/*:flag/*"]}`
	roles := make([]string, 1000)
	for i := range roles {
		roles[i] = fmt.Sprintf(`{"_id":%q,"key":"r%d","name":"Role %[2]d","basePermissions":"no_access","policy":[%s],"_links":{"self":{"href":"/api/v2/roles/r%[2]d"}}}`,
			id(fmt.Sprint(i)), i, strings.Repeat(statement+",", 19)+statement)
	}
	got, err := client(t, jsonReply(200, `{"items":[`+strings.Join(roles, ",")+`],"totalCount":1000}`)).Roles(t.Context())
	if err != nil || len(got) != 1000 || len(got[7].Policy) != 20 {
		t.Errorf("%d roles, %v", len(got), err)
	}
}
