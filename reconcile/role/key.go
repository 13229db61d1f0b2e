package role

import (
	"fmt"
	"regexp"
	"slices"
	"sync"
)

// keyPattern is what LaunchDarkly's own Terraform provider accepts (framework_validators.go).
var keyPattern = lazily(`^[a-zA-Z0-9][a-zA-Z0-9_.-]*$`)

var objectID = lazily(`^[0-9a-f]{24}$`)

// baseRoles are LaunchDarkly's built-in roles; a custom role of that key could not be told apart.
var baseRoles = []string{"reader", "writer", "admin", "owner", "no_access"}

// MaxKey is the longest key, in bytes, that rolewright takes; LaunchDarkly documents no limit.
const MaxKey = 256

// CheckKey returns nil if key may name a custom role, or an error that says what is wrong with
// it. Only a key that passes is ever put into a URL.
func CheckKey(key string) error {
	if err := checkForm(key); err != nil {
		return err
	}
	switch {
	case objectID().MatchString(key):
		return fmt.Errorf("key %q looks like one of LaunchDarkly's ids, which share their place in URLs with keys", key)
	case slices.Contains(baseRoles, key):
		return fmt.Errorf("key %q is the name of a base role of LaunchDarkly", key)
	}
	return nil
}

// checkForm checks what holds for the key of anything.
func checkForm(key string) error {
	switch {
	case key == "":
		return fmt.Errorf("the key is empty")
	case len(key) > MaxKey:
		return fmt.Errorf("the key is longer than %d characters", MaxKey)
	case !keyPattern().MatchString(key):
		return fmt.Errorf("key %q: use letters, digits, \"_\", \".\" and \"-\", and start with a letter or digit", key)
	}
	return nil
}

// lazily returns what compiles a regular expression when it is first used.
func lazily(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}
