package policy

import (
	"fmt"
	"slices"

	"github.com/rolewright/rolewright/reconcile/role"
)

// Refusal is LaunchDarkly's answer 400 to a statement.
type Refusal struct {
	Message string // as LaunchDarkly words it, where that is known
	Cause   error  // a *SyntaxError, or nil
}

// Error returns the message.
func (r *Refusal) Error() string { return r.Message }

// Unwrap returns the cause.
func (r *Refusal) Unwrap() error { return r.Cause }

// CheckStatement returns nil if LaunchDarkly accepts s, or a [*Refusal]. The rules are those that
// its clients check before they send (Terraform's provider) and the two whose answers have been
// seen: a specifier that does not parse, and specifiers of several kinds in one statement.
// Unknown actions, and actions that the kind does not have, are accepted.
func CheckStatement(s role.Statement, o Options) error {
	if err := checkForm(s); err != nil {
		return err
	}
	kind := ""
	for _, text := range slices.Concat(s.Resources, s.NotResources) {
		spec, err := ParseWith(text, o)
		if err != nil {
			return &Refusal{fmt.Sprintf("Error parsing resource specifier %q", text), err}
		}
		if kind != "" && spec.Kind() != kind {
			return &Refusal{Message: MixedKinds}
		}
		kind = spec.Kind()
	}
	return nil
}

// MixedKinds is LaunchDarkly's answer to a statement whose specifiers are of several kinds.
const MixedKinds = "Resource specifiers in a single statement must represent the same kind of resource."

// checkForm checks what can be said without reading the lists. The words are ours: LaunchDarkly's
// are not known.
func checkForm(s role.Statement) error {
	switch {
	case s.Effect != role.Allow && s.Effect != role.Deny:
		return &Refusal{Message: fmt.Sprintf("Statement effect must be \"allow\" or \"deny\", not %q", s.Effect)}
	case len(s.Actions) > 0 && len(s.NotActions) > 0, len(s.Actions) == 0 && len(s.NotActions) == 0:
		return &Refusal{Message: "Statement must have exactly one of \"actions\" and \"notActions\""}
	case len(s.Resources) > 0 && len(s.NotResources) > 0, len(s.Resources) == 0 && len(s.NotResources) == 0:
		return &Refusal{Message: "Statement must have exactly one of \"resources\" and \"notResources\""}
	}
	return nil
}
