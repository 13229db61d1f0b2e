package launchdarkly

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/rolewright/rolewright/reconcile/role"
)

// bare is an account that keeps no field that it does not show: there is nothing to test then, and a
// patch that does is refused.
type bare struct {
	role    string // its JSON
	moved   string // what it is after a refusal, if not the same
	revokes bool   // after a refusal it takes the token no more
	refuses int
	bodies  []string
}

func (b *bare) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	text := b.role
	if b.revokes && b.refuses > 0 {
		w.WriteHeader(http.StatusUnauthorized)
		text = `{"code":"unauthorized"}`
	}
	if r.Method == http.MethodPatch {
		body, _ := io.ReadAll(r.Body)
		b.bodies = append(b.bodies, string(body))
		if strings.Contains(string(body), `"value":""`) {
			b.refuses++
			w.WriteHeader(http.StatusUnprocessableEntity)
			text = `{"code":"patch_failed","message":"no such path"}`
			if b.moved != "" {
				b.role = b.moved
			}
		}
	}
	_, _ = io.WriteString(w, text)
}

// TestFieldLeftOut: what an account leaves out is tested for what that stands for; one that refuses
// that, and holds still, gets the patch without; one that has moved does not. If the token is refused
// meanwhile, that is said, so that nothing more is sent.
func TestFieldLeftOut(t *testing.T) {
	const one = `{"_id":"1","key":"ops","name":"Ops","basePermissions":"no_access","policy":[]}`
	for name, b := range map[string]*bare{
		"holds still": {role: one},
		"has moved":   {role: one, moved: strings.Replace(one, `"name"`, `"description":"theirs","name"`, 1)},
		"revokes":     {role: one, revokes: true},
	} {
		c := client(t, b)
		before, err := c.Role(t.Context(), "ops")
		if err != nil {
			t.Fatal(err)
		}
		after := before.Role.Clone()
		after.Description = "ours"
		_, err = c.UpdateRole(t.Context(), before, after, "")
		still := name == "holds still"
		if b.refuses != 1 || len(b.bodies) != 1+map[bool]int{true: 1}[still] || (err == nil) != still || !still && !errors.Is(err, role.ErrConflict) || errors.Is(err, role.ErrDenied) != b.revokes {
			t.Errorf("%s: %v, %d refused of %q", name, err, b.refuses, b.bodies)
		}
	}
}
