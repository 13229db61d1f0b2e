package reconcile

import (
	"context"
	"fmt"
	"slices"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// Asked are the roles that questions are put to: those of the files, with their places, or those of
// an account.
type Asked []role.Desired

// FromFiles returns the roles that the files declare.
func FromFiles(ws *manifest.Workspace) Asked {
	return slices.DeleteFunc(slices.Clone(Asked(ws.Roles)), func(d role.Desired) bool { return d.Absent })
}

// FromAccount returns the roles that an account holds.
func FromAccount(ctx context.Context, account Account) (Asked, error) {
	live, err := account.Roles(ctx)
	if err != nil {
		return nil, err
	}
	asked := make(Asked, len(live))
	for i, l := range live {
		asked[i].Role = l.Role
		asked[i].Policy = slices.Concat(l.PresetStatements, l.Policy)
	}
	return asked, nil
}

// Find returns the role of that key. The error suggests one where there is none.
func (a Asked) Find(key string) (role.Desired, error) {
	keys := make([]string, len(a))
	for i, d := range a {
		if keys[i] = d.Key; d.Key == key {
			return d, nil
		}
	}
	err := &NoRoleError{Key: key, Near: diag.Nearest(key, keys)}
	return role.Desired{}, err
}

// NoRoleError says that no role has the key that a question names.
type NoRoleError struct{ Key, Near string }

// Error says which key.
func (e *NoRoleError) Error() string { return fmt.Sprintf("no role %q", e.Key) }

// Hint says which role was probably meant.
func (e *NoRoleError) Hint() string {
	if e.Near == "" {
		return ""
	}
	return fmt.Sprintf("did you mean %q?", e.Near)
}

// Can answers "ACTION on SPECIFIER" for somebody who holds one role, with those attributes.
func Can(d role.Desired, attributes map[string][]string, question string, sem policy.Semantics) ([]access.Reply, error) {
	held := []policy.Held{{Role: d.Role, Attributes: attributes}}
	replies, err := access.New(sem, access.Budget{}).Can(held, question)
	if err != nil {
		return nil, err
	}
	for _, r := range replies {
		for i := range r.Because {
			locate(&r.Because[i], d.Source)
		}
		if r.Near != nil {
			locate(r.Near, d.Source)
		}
	}
	return replies, nil
}

// locate fills in where the statement of a cause stands.
func locate(c *access.Cause, s role.Source) {
	if c.Statement >= 0 && c.Statement < len(s.Policy) {
		c.Source = fmt.Sprintf("%s:%d", s.File, s.Policy[c.Statement].Line)
	}
}

// Explain describes everything that one role allows, with those attributes; without any it is said
// for all their values. The questions are what could not be found out.
func Explain(d role.Desired, attributes map[string][]string, sem policy.Semantics) (access.Description, []access.Question) {
	engine := access.New(sem, access.Budget{})
	subject := access.Subject{
		Held:     []policy.Held{{Role: d.Role, Attributes: attributes}},
		Symbolic: len(attributes) == 0,
	}
	// What the role allows is what somebody without any role gains by it: asked so, the lines say too
	// what they mean for other environments.
	nobody := access.Subject{Symbolic: subject.Symbolic}
	difference := engine.Compare(nobody, subject)
	granted, _ := engine.DescribeChange(nobody, subject, difference, access.Budget{Steps: access.DefaultSteps})
	return granted, difference.Undecided
}
