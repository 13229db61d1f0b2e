package launchdarkly

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/internal/pattern"
	"github.com/rolewright/rolewright/reconcile/role"
)

// objectID is what LaunchDarkly's ids look like.
var objectID = pattern.Lazy(`^[0-9a-f]{24}$`)

// NameRoles puts keys in the place of the ids by which LaunchDarkly says what roles a member holds;
// keys stay keys. An id that is none of the roles' becomes one of the member's Strangers. A team
// whose members are not said (nil) gets them from the members' own lists of teams, unless members
// is nil. Its arguments stay as they are.
func NameRoles(members []role.LiveMember, teams []role.LiveTeam, roles []role.Live) ([]role.LiveMember, []role.LiveTeam) {
	keys := make(map[string]string, 2*len(roles))
	for _, r := range roles {
		keys[r.Key] = r.Key
	}
	for _, r := range roles {
		keys[r.ID] = r.Key // last, for a key that looks like another role's id: members hold ids
	}
	inTeam := map[string][]string{}
	named := slices.Clone(members)
	for i, m := range members {
		named[i] = nameMember(m, keys)
		for _, team := range m.Teams {
			inTeam[team] = append(inTeam[team], m.ID)
		}
	}
	filled := slices.Clone(teams)
	for i, t := range teams {
		filled[i].CustomRoles = sortedSet(translated(t.CustomRoles, keys))
		if t.Members == nil && members != nil {
			filled[i].Members = sortedSet(inTeam[t.Key])
		}
	}
	return named, filled
}

func nameMember(m role.LiveMember, keys map[string]string) role.LiveMember {
	held := slices.Concat(m.CustomRoles, m.Strangers)
	m.CustomRoles, m.Strangers = []string{}, nil
	for _, r := range sortedSet(translated(held, keys)) {
		if _, known := keys[r]; !known && objectID().MatchString(r) {
			m.Strangers = append(m.Strangers, r)
		} else {
			m.CustomRoles = append(m.CustomRoles, r)
		}
	}
	return m
}

// translated returns names with other words for those that have one.
func translated(names []string, words map[string]string) []string {
	others := make([]string, len(names))
	for i, name := range names {
		others[i] = name
		if word, has := words[name]; has {
			others[i] = word
		}
	}
	return others
}

// sortedSet returns list sorted and without repetition, never nil.
func sortedSet(list []string) []string {
	set := append([]string{}, list...)
	slices.Sort(set)
	return slices.Compact(set)
}

// missing returns what is in wanted and not in held.
func missing(wanted, held []string) []string {
	return slices.DeleteFunc(sortedSet(wanted), func(s string) bool { return slices.Contains(held, s) })
}

// MovedError is a member or a team that is no longer as it was when a change to it was decided.
// Nothing was sent. It matches (errors.Is) [role.ErrConflict].
type MovedError struct {
	Holder string   // `team "web"`
	Fields []string // what has moved, in LaunchDarkly's names
}

// Error returns `team "web" has been edited meanwhile: name, customRoles`.
func (e *MovedError) Error() string {
	return e.Holder + " has been edited meanwhile: " + strings.Join(e.Fields, ", ")
}

// Is reports whether target is [role.ErrConflict].
func (*MovedError) Is(target error) bool { return target == role.ErrConflict }

// Hint says what to do.
func (*MovedError) Hint() string { return "make a new plan: it shows the account as it is now" }

// NotAddedError is a change that the account took but for some roles, which it passed over without a
// word, as LaunchDarkly does with keys that it does not know. It is none of the errors of package
// role: the rest of the change is made.
type NotAddedError struct {
	Team  string   // its key
	Roles []string // keys, sorted
}

// Error returns `team "web": the account took the change and did not add "ops"`.
func (e *NotAddedError) Error() string {
	return fmt.Sprintf("team %s: the account took the change and did not add %s", quote(e.Team), quoted(e.Roles))
}

// Hint says what to do.
func (*NotAddedError) Hint() string {
	return "check that the account has these roles and that the token may give them"
}

func quoted(list []string) string {
	texts := make([]string, len(list))
	for i, s := range list {
		texts[i] = quote(s)
	}
	return strings.Join(texts, ", ")
}

// unread is the error of reading a holder before the change to it, which then is not sent.
func unread(holder string, err error) error {
	return fmt.Errorf("%w: read %s before the change: %w", role.ErrNotSent, holder, err)
}

// readBack is the error of reading after a write that the account has taken: what came of it is not
// known.
func readBack(err error) error {
	if err == nil {
		return nil
	}
	return &readBackError{err}
}

// readBackError hides what its cause is: that the reading was refused, say, tells nothing of the
// write. Only that the token was is told, since then nothing more is to be written.
type readBackError struct{ cause error }

func (e *readBackError) Error() string {
	return role.ErrUnknown.Error() + ": the account took the change; reading it back: " + e.cause.Error()
}

func (e *readBackError) Unwrap() error { return role.ErrUnknown }

// Is reports whether target is that the token was refused, if it was.
func (e *readBackError) Is(target error) bool {
	return target == role.ErrDenied && errors.Is(e.cause, role.ErrDenied)
}

// moves collects the names of fields that differ.
type moves []string

func (m *moves) add(field string, differs bool) {
	if differs {
		*m = append(*m, field)
	}
}

// names returns the fields; something that we cannot name is better than nothing.
func (m moves) names() []string {
	if len(m) == 0 {
		return []string{"something that this version does not know"}
	}
	return m
}
