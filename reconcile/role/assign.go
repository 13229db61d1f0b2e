package role

import (
	"fmt"
	"strings"
	"time"
)

// What files say of holders, and when it is well formed.

// DateForm is how files write a day, in the words of package time.
const DateForm = "2006-01-02"

// MaxEmail is the longest e-mail address, in bytes: that of RFC 5321.
const MaxEmail = 254

// CheckTeamKey returns nil if key may name a team, or an error that says what is wrong with it.
// Only a key that passes is ever put into a URL.
func CheckTeamKey(key string) error { return checkForm(key) }

// The two sides of an e-mail address: those that people have, not all that RFC 5322 allows. "*" is
// a glob, and "|" parts addresses in LaunchDarkly's filters.
var (
	mailbox = lazily(`^[A-Za-z0-9!#$%&'+/=?^_{}~-]+(\.[A-Za-z0-9!#$%&'+/=?^_{}~-]+)*$`)
	domain  = lazily(`^([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$`)
)

// CheckEmail returns nil if email is an address alone, or an error that says what is wrong with it.
func CheckEmail(email string) error {
	name, host, found := strings.Cut(email, "@")
	switch {
	case email == "":
		return fmt.Errorf("the e-mail address is empty")
	case len(email) > MaxEmail:
		return fmt.Errorf("the e-mail address is longer than %d characters", MaxEmail)
	case !found:
		return fmt.Errorf("%q is no e-mail address: it has no \"@\"", email)
	case strings.ContainsAny(email, "<> \t"):
		return fmt.Errorf("%q is no e-mail address: write the address alone, without a name or brackets", email)
	case strings.Contains(email, "*"):
		return fmt.Errorf("%q is a glob: a document is about one member, so write one address", email)
	case strings.ContainsAny(email, ",;") || strings.Contains(host, "@"):
		return fmt.Errorf("%q is no e-mail address: write one address alone", email)
	case !mailbox().MatchString(name):
		return fmt.Errorf("%q is no e-mail address: %q before the \"@\" is not a mailbox", email, name)
	case !domain().MatchString(host):
		return fmt.Errorf("%q is no e-mail address: %q behind the \"@\" is not a domain", email, host)
	}
	return nil
}

// FoldEmail returns the form of an address by which LaunchDarkly tells members apart: letter case
// does not count.
func FoldEmail(email string) string { return strings.ToLower(email) }

// CoversEmail is [Scope.Covers] for members: letter case does not count.
func (s Scope) CoversEmail(email string) (covered bool, reason string) {
	folded := Scope{Include: foldAll(s.Include), Ignore: foldAll(s.Ignore)}
	covered, reason = folded.Covers(FoldEmail(email))
	return covered, reason
}

func foldAll(globs []string) []string {
	folded := make([]string, len(globs))
	for i, g := range globs {
		folded[i] = FoldEmail(g)
	}
	return folded
}

// attributeName is what "${roleAttribute/NAME}" can hold in a policy.
var attributeName = lazily(`^[a-zA-Z0-9_.-]+$`)

// CheckAttributeName returns nil if name can be the name of a role attribute, or an error that says
// what is wrong with it.
func CheckAttributeName(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("the name of a role attribute is empty")
	case strings.HasPrefix(name, "${") || strings.HasPrefix(name, "roleAttribute/"):
		return fmt.Errorf("role attribute %q: write its name alone", name)
	case len(name) > MaxKey:
		return fmt.Errorf("the name of a role attribute is longer than %d characters", MaxKey)
	case !attributeName().MatchString(name):
		return fmt.Errorf("role attribute %q: use letters, digits, \"_\", \".\" and \"-\"", name)
	}
	return nil
}

// ValueError says why a value cannot stand for a role attribute.
type ValueError struct {
	Offset    int // in bytes, of what is wrong
	Why, Hint string
}

// Error returns what is wrong, with the value.
func (e *ValueError) Error() string { return e.Why }

// CheckAttributeValue returns nil if value can be one of a role attribute's values, which are keys
// of resources alone.
func CheckAttributeValue(value string) *ValueError {
	if value == "" {
		return &ValueError{0, "an empty value for a role attribute", "write a key, or remove the value"}
	}
	if len(value) > MaxKey {
		return &ValueError{0, fmt.Sprintf("a value for a role attribute is longer than %d characters", MaxKey), ""}
	}
	i := strings.IndexAny(value, " \t\n*:;,${}")
	if i < 0 {
		return nil
	}
	why, hint := wrongInValue(value[i:])
	return &ValueError{i, fmt.Sprintf("value %q of a role attribute %s", value, why), hint}
}

// wrongInValue explains the first character of rest.
func wrongInValue(rest string) (why, hint string) {
	switch {
	case rest[0] == '*':
		return "has a \"*\", which is no wildcard here but a key that no resource has", "list the keys, or write the wildcard in the role's policy"
	case rest[0] == ':':
		return "has a \":\", which parts the levels of a specifier", "write the key of one resource alone"
	case rest[0] == ';':
		return "has a \";\", which begins the tags of a specifier", "write the key of one resource alone"
	case rest[0] == ',':
		return "has a \",\": that is one key and not several", "write each key as an element of the list"
	case strings.HasPrefix(rest, "${"):
		return "has a \"${\": nothing is filled in in a value", "write the key itself"
	case rest[0] == '$' || rest[0] == '{' || rest[0] == '}':
		return fmt.Sprintf("has a %q, which belongs to the language of policies", rest[:1]), "write the key of one resource alone"
	}
	return "has a space", "remove the space; several keys are several elements of the list"
}

// CheckDate returns nil if date is a day of the calendar, written as 2026-12-31.
func CheckDate(date string) error {
	if _, err := time.Parse(DateForm, date); err == nil {
		return nil
	}
	if !datePattern().MatchString(date) {
		return fmt.Errorf("%q is not a date of the form YYYY-MM-DD", date)
	}
	return fmt.Errorf("there is no day %s in the calendar", date)
}

var datePattern = lazily(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`)

// Expired reports whether the day a, of which "" is for ever, lies before today, as 2026-12-31.
// For today "", nothing has expired.
func (a Assignment) Expired(today string) bool {
	return a.Expires != "" && today != "" && a.Expires < today
}

// InForce parts the assignments that still count on a day, as 2026-12-31, from those whose last day
// has passed. It shares no memory with list; kept is never nil.
func InForce(list []Assignment, today string) (kept, expired []Assignment) {
	kept = []Assignment{}
	for _, a := range list {
		if a.Expired(today) {
			expired = append(expired, a)
		} else {
			kept = append(kept, a)
		}
	}
	return kept, expired
}
