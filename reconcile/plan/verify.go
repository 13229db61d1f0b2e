package plan

import (
	"fmt"
	"time"
)

// maxAhead is how far in the future a plan may have been made: clocks differ.
const maxAhead = 5 * time.Minute

// Appliable returns nil if nothing in the plan itself forbids to apply it. Otherwise the error
// wraps ErrIncomplete, ErrOffline or ErrBlocked.
func (p *Plan) Appliable() error {
	switch {
	case !p.Complete:
		return ErrIncomplete
	case p.Source.Offline:
		return ErrOffline
	case len(p.Blocks) > 0:
		return fmt.Errorf("%w: %s", ErrBlocked, p.Blocks[0].Message)
	}
	return nil
}

// CheckAge returns a *StaleError if, at now, the plan is older than max, or comes from the future.
func (p *Plan) CheckAge(now time.Time, max time.Duration) error {
	made, err := time.Parse(time.RFC3339, p.GeneratedAt)
	if err != nil {
		return &StaleError{fmt.Sprintf("generatedAt %q is not a time", p.GeneratedAt)}
	}
	switch age := now.Sub(made); {
	case age > max:
		return &StaleError{fmt.Sprintf("it was made at %s, more than %s ago", p.GeneratedAt, max)}
	case age < -maxAhead:
		return &StaleError{fmt.Sprintf("it was made at %s, which is in the future", p.GeneratedAt)}
	}
	return nil
}

// Same returns nil if fresh, a plan made just now, would do exactly what p says: same account,
// same files, same changes from the same state, and no guard against it. Otherwise it returns a
// *StaleError that names the first difference.
func (p *Plan) Same(fresh *Plan) error {
	for _, check := range []func(*Plan) string{p.otherTarget, p.otherFiles, p.otherScope, p.otherChange} {
		if reason := check(fresh); reason != "" {
			return &StaleError{reason}
		}
	}
	if err := fresh.Appliable(); err != nil {
		return &StaleError{"planned anew, " + err.Error()}
	}
	return nil
}

func (p *Plan) otherTarget(fresh *Plan) string {
	for _, f := range []struct{ what, was, is string }{
		{"target", p.Target.Name, fresh.Target.Name},
		{"host", p.Target.Host, fresh.Target.Host},
		{"account", p.Target.AccountID, fresh.Target.AccountID},
		{"API version", p.Target.APIVersion, fresh.Target.APIVersion},
	} {
		if f.was != f.is {
			return fmt.Sprintf("it was made for %s %q, this is %q", f.what, f.was, f.is)
		}
	}
	return ""
}

func (p *Plan) otherFiles(fresh *Plan) string {
	if p.Source.ConfigDigest != fresh.Source.ConfigDigest {
		return "the files have changed since it was made"
	}
	return ""
}

// otherScope compares by encoding: an empty list and none are the same.
func (p *Plan) otherScope(fresh *Plan) string {
	if string(encode(p.Scope, "")) != string(encode(fresh.Scope, "")) {
		return "the scope has changed since it was made"
	}
	return ""
}

// keyBefore is the key of what the change starts from.
func (c Change) keyBefore() string {
	if c.Replaces != "" {
		return c.Replaces
	}
	return c.Key
}

func (p *Plan) otherChange(fresh *Plan) string {
	if p.PlanHash == fresh.PlanHash {
		return ""
	}
	was, is := p.Wholes(), fresh.Wholes()
	left := make(map[string]Change, len(is))
	for _, c := range is {
		left[c.ID] = c
	}
	for _, c := range was {
		now, there := left[c.ID]
		switch {
		case !there:
			return fmt.Sprintf("%s %s %q is no longer to do", c.Action, c.Kind, c.Key)
		case now.BeforeDigest != c.BeforeDigest:
			return fmt.Sprintf("%s %q has changed in the account", c.Kind, c.keyBefore())
		case now.AfterDigest != c.AfterDigest:
			return fmt.Sprintf("%s %q is wanted otherwise now", c.Kind, c.Key)
		}
		delete(left, c.ID)
	}
	for _, c := range is {
		if _, extra := left[c.ID]; extra {
			return fmt.Sprintf("%s %s %q has come up since", c.Action, c.Kind, c.Key)
		}
	}
	return "its format is another"
}
